// The Kubernetes manifests, the alerts and the dashboard read as text: every name that one object
// has for another exists, every setting and metric is one of the engine, and no container may do
// more than it needs.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { bytesOf, imageEnvironment, type Manifest, metricNames, settingsOf } from '../support/manifests.ts'
import { makeSecrets } from '../support/shipped-servers.ts'
import { root } from '../support/source-files.ts'

const DEPLOY = join(root, 'deploy')
const text = (path: string) => readFileSync(join(DEPLOY, path), 'utf8')
const kustomization: Manifest = parse(text('kubernetes/kustomization.yaml'))
/** Folders whose files are made ConfigMaps. */
const BASES = ['servers', 'definition']
const configMaps: { name: string; files: string[] }[] = BASES.flatMap((base) =>
  parse(text(`${base}/kustomization.yaml`)).configMapGenerator.map(({ name, files }: Manifest) => ({
    name,
    files: files.map((file: string) => `${base}/${file}`),
  })),
)
const scrape: Manifest = parse(text('prometheus/scrape.yaml'))
const adapter: Manifest = parse(text('kubernetes/prometheus-adapter.yaml'))
/** What is applied by itself, and what is not applied at all. */
const APART = ['kustomization.yaml', 'prometheus-adapter.yaml']

const files: string[] = kustomization.resources.filter((path: string) => path.endsWith('.yaml'))
const objects: Manifest[] = files.flatMap((file) =>
  parseAllDocuments(text(`kubernetes/${file}`)).map((document) => document.toJS()),
)
const ofKind = (kind: string): Manifest[] => objects.filter((object) => object.kind === kind)
const named = (kind: string, name: string) => ofKind(kind).find(({ metadata }) => metadata.name === name)

const workloads: [string, Manifest][] = objects
  .filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
  .map((object) => [object.metadata.name, object])
const podOf = ({ spec }: Manifest): Manifest => spec.template.spec
const containerOf = (workload: Manifest): Manifest => podOf(workload).containers[0]

/** Workloads whose pods the labels choose. */
function chosenBy(labels: Record<string, string>): Manifest[] {
  return workloads
    .map(([, workload]) => workload)
    .filter(({ spec }) =>
      Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value),
    )
}

const portsOf = (workload: Manifest): string[] =>
  containerOf(workload).ports.map(({ name }: { name: string }) => name)

let folder: string
let secretKeys: string[]
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-deploy-'))
  const secrets = (await makeSecrets(join(folder, 'secrets'))).folder
  secretKeys = [...readdirSync(secrets), ...readdirSync(join(secrets, 'tls'))]
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the kustomization', () => {
  test('holds every manifest of the folder, and no other', () => {
    const found = readdirSync(join(DEPLOY, 'kubernetes')).filter((name) => !APART.includes(name))
    expect([...files].sort()).toEqual(found.sort())
    expect(kustomization.namespace).toBe(ofKind('Namespace')[0].metadata.name)
  })

  test('makes ConfigMaps of files that are there', () => {
    expect(kustomization.resources).toEqual(expect.arrayContaining(BASES.map((base) => `../${base}`)))
    for (const file of configMaps.flatMap(({ files }) => files))
      expect(existsSync(join(DEPLOY, file)), file).toBe(true)
  })
})

describe.each(workloads)('the pods of %s', (_, workload) => {
  const pod = podOf(workload)
  const container = containerOf(workload)

  test('are those that their workload chooses', () => {
    expect(chosenBy(workload.spec.selector.matchLabels)).toEqual([workload])
  })

  test('run as nobody in particular, without rights and without a token', () => {
    expect(named('ServiceAccount', pod.serviceAccountName)).toMatchObject({
      automountServiceAccountToken: false,
    })
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    })
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
  })

  test('are probed at ports that they have, and bounded', () => {
    for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const { httpGet, exec } = container[name]
      if (httpGet) expect(portsOf(workload)).toContain(httpGet.port)
      else expect(exec.command[0]).toBe('redis-cli')
    }
    expect(container.resources.requests.cpu).toBeDefined()
    expect(bytesOf(container.resources.limits.memory)).toBeGreaterThan(0)
  })

  test('mount volumes, configurations and secrets that are there', () => {
    const volumes: Manifest[] = pod.volumes ?? []
    const claims: Manifest[] = workload.spec.volumeClaimTemplates ?? []
    const known = [...volumes.map(({ name }) => name), ...claims.map(({ metadata }) => metadata.name)]
    expect(container.volumeMounts.map(({ name }: Manifest) => name).sort()).toEqual(known.sort())
    for (const { configMap, secret } of volumes.flatMap(({ projected }) => projected?.sources ?? [])) {
      if (configMap) expect(configMaps.map(({ name }) => name)).toContain(configMap.name)
      if (secret) expect(secret.name).toBe('pulseprint')
      for (const { key } of secret?.items ?? []) expect(secretKeys).toContain(key)
    }
  })
})

describe('the nodes', () => {
  const node = named('Deployment', 'node')
  const entries: Manifest[] = containerOf(node).env
  const environment = {
    ...imageEnvironment(text('container/Dockerfile')),
    ...Object.fromEntries(
      entries.map(({ name, value }) => [name, (value ?? 'x').replaceAll(/\$\([A-Z_]+\)/g, 'secret')]),
    ),
  }

  test('are given settings that the engine takes', () => {
    const { cluster, keysPath, definitionPath } = settingsOf(environment)
    expect(cluster).toMatchObject({ replicas: 3 })
    const { mountPath } = containerOf(node).volumeMounts[0]
    const [{ secret }, { configMap }] = podOf(node).volumes[0].projected.sources
    const secrets: string[] = secret.items.map(({ path }: Manifest) => path)
    const configured = configMaps.find(({ name }) => name === configMap.name)!.files
    expect(
      [...secrets, ...configured.map((file) => basename(file))].map((name) => `${mountPath}/${name}`),
    ).toEqual([keysPath, environment.NODE_EXTRA_CA_CERTS, definitionPath])
  })

  test('reach the servers by names of services that lead to them', () => {
    const { cluster } = settingsOf(environment)
    const urls = [...cluster!.natsUrls, ...cluster!.natsMonitorUrls, cluster!.redisUrls].map(
      (url) => new URL(url),
    )
    expect(urls).toHaveLength(7)
    for (const { hostname, port } of urls) {
      const [pod, service = pod] = hostname.split('.')
      const { spec } = named('Service', service!)
      const [workload] = chosenBy(spec.selector)
      expect(spec.ports.map((one: Manifest) => one.port)).toContain(Number(port))
      if (pod !== service) {
        const number = Number(pod!.slice(workload.metadata.name.length + 1))
        expect(number).toBeLessThan(workload.spec.replicas)
        expect(workload.spec.serviceName).toBe(service)
      }
    }
  })

  test('take variables from secrets that are there', () => {
    const references = entries.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? [])
    expect(references).toHaveLength(2)
    for (const { name, key } of references) {
      expect(name).toBe('pulseprint')
      expect(secretKeys).toContain(key)
    }
    const earlier = new Set<string>()
    for (const { name, value } of entries) {
      // Kubernetes puts in only what stands above.
      for (const [, used] of value?.matchAll(/\$\(([A-Z_]+)\)/g) ?? []) expect(earlier).toContain(used)
      earlier.add(name)
    }
  })

  test('are as many as the autoscaler says, by a metric of theirs that the adapter offers', () => {
    const { spec } = named('HorizontalPodAutoscaler', 'node')
    expect(named(spec.scaleTargetRef.kind, spec.scaleTargetRef.name)).toBe(node)
    expect(node.spec.replicas).toBeUndefined()
    const { name } = spec.metrics[0].pods.metric
    const [rule] = adapter.rules.custom
    expect(rule.name.as).toBe(name)
    expect(rule.seriesQuery).toMatch(new RegExp(`^${name}\\{`))
    expect(metricNames()).toContain(name)
    expect(spec.maxReplicas).toBeLessThanOrEqual(settingsOf(environment).shards / 4)
    // Kubernetes is asked by namespace and pod, so that is what Prometheus must have written beside
    // it.
    const [{ relabel_configs }] = scrape.scrape_configs
    const written = relabel_configs.map((one: Manifest) => one.target_label)
    for (const label of Object.keys(rule.resources.overrides)) expect(written).toContain(label)
  })

  test('are found by Prometheus, as the job that the alerts ask for', () => {
    const [{ job_name, kubernetes_sd_configs, relabel_configs }] = scrape.scrape_configs
    const jobs = [...text('prometheus/alerts.yaml').matchAll(/\bjob=(~?)"([^"]+)"/g)]
    expect(jobs).not.toEqual([])
    for (const [, , pattern] of jobs) expect(job_name).toMatch(new RegExp(`^(?:${pattern})$`))
    expect(kubernetes_sd_configs[0].namespaces.names).toEqual([kustomization.namespace])
    const kept = (source: string): string =>
      relabel_configs.find(({ source_labels: [label] }: Manifest) => label === source).regex
    const label = kept('__meta_kubernetes_pod_label_app_kubernetes_io_name')
    expect(chosenBy({ 'app.kubernetes.io/name': label })).toEqual([node])
    expect(portsOf(node)).toContain(kept('__meta_kubernetes_pod_container_port_name'))
  })
})

test('services, budgets and network policies lead to pods with those ports', () => {
  for (const { spec } of ofKind('Service')) {
    const [workload, ...others] = chosenBy(spec.selector)
    expect(others).toEqual([])
    for (const { targetPort } of spec.ports) expect(portsOf(workload)).toContain(targetPort)
  }
  for (const { spec } of ofKind('PodDisruptionBudget'))
    expect(chosenBy(spec.selector.matchLabels)).toHaveLength(1)
  for (const { spec } of ofKind('NetworkPolicy')) {
    const own = chosenBy(spec.podSelector.matchLabels ?? {})
    for (const { ports } of spec.ingress ?? []) {
      for (const { port } of ports) expect(own.flatMap(portsOf)).toContain(port)
    }
    for (const { to, ports } of spec.egress ?? []) {
      const [{ podSelector }] = to
      if (!podSelector) continue
      for (const { port } of ports) expect(portsOf(chosenBy(podSelector.matchLabels)[0])).toContain(port)
    }
  }
})

test('the servers of NATS find each other, and store less than their volumes hold', () => {
  const nats = named('StatefulSet', 'nats')
  const routes = containerOf(nats).env.find(({ name }: Manifest) => name === 'NATS_ROUTES').value
  const pods = Array.from({ length: nats.spec.replicas }, (_, index) => `nats://nats-${index}.nats:6222`)
  expect(parse(routes)).toEqual(pods)
  const [, stored] = /^STORE_BYTES: (\S+)$/m.exec(text('servers/nats-place.conf')) ?? []
  const [{ spec }] = nats.spec.volumeClaimTemplates
  expect(bytesOf(stored!)).toBeLessThan(bytesOf(spec.resources.requests.storage))
})

test('Redis holds less than the memory it is given', () => {
  const [, memory] = /^maxmemory (\S+)$/m.exec(text('servers/redis.conf')) ?? []
  const { limits } = containerOf(named('StatefulSet', 'redis')).resources
  expect(1.5 * bytesOf(memory!)).toBeLessThan(bytesOf(limits.memory))
})

test('no manifest holds a secret', () => {
  expect(ofKind('Secret')).toEqual([])
})

describe.each(['prometheus/alerts.yaml', 'grafana/pulseprint.json'])('%s', (path) => {
  test('asks for metrics that there are', () => {
    const asked = JSON.stringify(parse(text(path))).match(/pulseprint_\w+/g) ?? []
    expect(asked.length).toBeGreaterThan(6)
    const known = metricNames().flatMap((name) => [name, `${name}_bucket`, `${name}_count`])
    expect(asked.filter((name) => !known.includes(name))).toEqual([])
  })
})

// The compose file and the image read as text: every name that one part has for another exists, and
// every setting is one that the engine takes.
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DEFAULT_DEFINITION } from '../../src/definition/default.ts'
import { imageEnvironment, type Manifest, settingsOf } from '../support/manifests.ts'
import { makeSecrets, SHIPPED } from '../support/shipped-servers.ts'
import { root } from '../support/source-files.ts'
import { pathWith } from '../support/tool-path.ts'

const COMPOSE = join(root, 'deploy/compose')
const dockerfile = readFileSync(join(root, 'deploy/container/Dockerfile'), 'utf8')
const compose: Manifest = parse(readFileSync(join(COMPOSE, 'compose.yaml'), 'utf8'), { merge: true })
const services: [string, Manifest][] = Object.entries(compose.services)
const nodes = services.filter(([, { image }]) => image === 'pulseprint')
const servers = services.filter(([, { image }]) => image !== 'pulseprint')

let folder: string
let secrets: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-deploy-'))
  secrets = (await makeSecrets(join(folder, 'secrets'))).folder
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A path of the compose file, with what make-secrets.sh makes in place of ./secrets. */
function isThere(path: string): boolean {
  return existsSync(path.startsWith('./secrets/') ? join(secrets, path.slice(10)) : join(COMPOSE, path))
}

/** Names that a container of the service is reached by. */
function namesOf([name, { networks }]: [string, Manifest]): string[] {
  return networks.servers?.aliases ?? [name]
}

const environmentOf = (service: Manifest): Record<string, string> => ({
  ...imageEnvironment(dockerfile),
  ...Object.fromEntries(
    Object.entries<string>(service.environment).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(NATS|REDIS)_PASSWORD[^}]*\}/g, 'secret'),
    ]),
  ),
})

describe('compose.yaml', () => {
  test('runs three nats-servers, one Redis and three nodes of different names', () => {
    expect(servers.map(([name]) => name)).toEqual(['nats-0', 'nats-1', 'nats-2', 'redis'])
    expect(nodes.map(([, { environment }]) => environment.PULSEPRINT_NODE)).toEqual([
      'node-1',
      'node-2',
      'node-3',
    ])
  })

  test.each(nodes)('%s is given settings that the engine takes, of servers that are there', (_, node) => {
    const environment = environmentOf(node)
    const { cluster } = settingsOf(environment)
    const known = servers.flatMap(namesOf)
    const urls = [...cluster!.natsUrls, ...cluster!.natsMonitorUrls, ...cluster!.redisUrls.split(',')]
    expect(urls).toHaveLength(7)
    const certificate = new X509Certificate(readFileSync(join(secrets, 'tls/tls.crt')))
    for (const { hostname, protocol } of urls.map((url) => new URL(url))) {
      expect(known).toContain(hostname)
      if (protocol !== 'http:') expect(certificate.checkHost(hostname)).toBe(hostname)
    }
  })

  test.each(nodes)('%s finds its secrets and its definition where its settings say', (_, node) => {
    const { PULSEPRINT_KEYS, NODE_EXTRA_CA_CERTS, PULSEPRINT_DEFINITION } = environmentOf(node)
    expect(node.volumes).toContain(`../definition/definition.yaml:${PULSEPRINT_DEFINITION}:ro`)
    const mounted = node.secrets.map((name: string) => `/run/secrets/${name}`)
    expect(mounted).toContain(PULSEPRINT_KEYS)
    expect(mounted).toContain(NODE_EXTRA_CA_CERTS)
  })

  test('the routes of NATS are the names of its servers', () => {
    const nats = servers.filter(([, { image }]) => image.startsWith('nats:'))
    const wanted = nats.flatMap(namesOf).map((name) => `nats://${name}:6222`)
    for (const [name, { environment }] of nats) {
      expect(environment.NATS_NAME).toBe(name)
      expect(parse(environment.NATS_ROUTES)).toEqual(wanted)
    }
  })

  test.each(services)('%s refers only to what is there', (_, service) => {
    for (const network of Array.isArray(service.networks)
      ? service.networks
      : Object.keys(service.networks)) {
      expect(compose.networks).toHaveProperty(network)
    }
    for (const secret of service.secrets ?? [])
      expect(isThere(compose.secrets[secret].file), secret).toBe(true)
    for (const name of Object.keys(service.depends_on ?? {})) {
      expect(compose.services[name].healthcheck, name).toBeDefined()
    }
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(':')
      if (source.startsWith('.')) expect(isThere(source), source).toBe(true)
      else expect(compose.volumes).toHaveProperty(source)
    }
  })

  test.each(services)('%s cannot write to its image, has no privileges and is watched', (_, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
    expect(service.healthcheck !== undefined || service.image === 'pulseprint').toBe(true)
  })

  test("nothing but the nodes' API can be reached, and from this machine only", () => {
    for (const [, { ports, networks }] of servers) {
      expect(ports).toBeUndefined()
      expect(Object.keys(Array.isArray(networks) ? { [networks[0]]: {} } : networks)).toEqual(['servers'])
    }
    expect(compose.networks.servers.internal).toBe(true)
    const published = nodes.flatMap(([, { ports }]) => ports)
    expect(published).toEqual(['127.0.0.1:8081:8080', '127.0.0.1:8082:8080', '127.0.0.1:8083:8080'])
  })
})

test('secrets made under a strict umask are readable in the containers, behind a closed folder', async () => {
  const closed = join(folder, 'closed')
  const script = join(SHIPPED, 'make-secrets.sh')
  const env = { ...process.env, PATH: await pathWith('openssl') }
  execFileSync('sh', ['-c', 'umask 077; exec "$@"', 'sh', script, closed], { stdio: 'pipe', env })
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
  expect(modeOf(closed)).toBe('700')
  expect(modeOf(join(closed, 'tls'))).toBe('755')
  const files = readdirSync(closed, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  const modes = files.map(({ parentPath, name }) => [name, modeOf(join(parentPath, name))])
  expect(modes.map(([name]) => name)).toEqual(
    expect.arrayContaining(['keys', 'ca.crt', 'tls.crt', 'tls.key']),
  )
  expect(modes.filter(([, mode]) => mode !== '644')).toEqual([])
})

test('the definition to change is the built-in one as shipped', () => {
  const shipped = readFileSync(join(root, 'deploy/definition/definition.yaml'), 'utf8')
  expect(parse(shipped)).toEqual(parse(DEFAULT_DEFINITION))
})

describe('the image', () => {
  test('copies only what .dockerignore lets through', () => {
    const ignore = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
      match[1]!.split(' '),
    )
    expect(copied).toContain('src')
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true)
      expect(ignore, path).toContain(`!${path}`)
    }
    expect(ignore).toContain('*')
  })

  test('refuses to be reached without keys', () => {
    const { PULSEPRINT_KEYS: _, ...environment } = imageEnvironment(dockerfile)
    expect(() => settingsOf(environment)).toThrow(/without API keys/)
    expect(settingsOf(imageEnvironment(dockerfile)).keysPath).toBe('/run/secrets/keys')
  })

  test('does not run as root', () => {
    expect(dockerfile).toMatch(/^USER 1000:1000$/m)
  })
})

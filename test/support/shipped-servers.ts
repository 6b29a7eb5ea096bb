// Real servers on the configurations that are shipped in deploy/servers, with only what differs
// between places made for this machine: addresses, folders, certificates, passwords.

import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, freePorts } from '../../deploy/local-servers/free-port.ts'
import { LocalProcess } from '../../deploy/local-servers/local-process.ts'
import { ensureServer } from '../../deploy/servers.ts'
import { root } from './source-files.ts'
import { pathWith } from './tool-path.ts'
import { until } from './until.ts'

export const SHIPPED = join(root, 'deploy/servers')

/** What make-secrets.sh makes. */
export interface Secrets {
  folder: string
  natsPassword: string
  redisPassword: string
  /** The authority's certificate, as a path and as text. */
  authority: string
  authorityPem: string
  /** Path of the key file, and the one key in it. */
  keys: string
  key: string
}

/** @param folder must not be there yet */
export async function makeSecrets(folder: string): Promise<Secrets> {
  const env = { ...process.env, PATH: await pathWith('openssl') }
  execFileSync(join(SHIPPED, 'make-secrets.sh'), [folder], { stdio: 'pipe', env })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return {
    folder,
    natsPassword: read('nats-password'),
    redisPassword: read('redis-password'),
    authority: join(folder, 'tls/ca.crt'),
    authorityPem: read('tls/ca.crt'),
    keys: join(folder, 'keys'),
    key: String(read('keys').trim().split(' ')[1]),
  }
}

export interface ShippedNats {
  addresses: string[]
  monitorUrls: string[]
  /** As nats-server is called for the first server. */
  command: { binary: string; args: string[]; env: NodeJS.ProcessEnv }
  stop(): Promise<void>
}

/** Three servers in a cluster; resolves when JetStream has a leader. @param folder of the test */
export async function startShippedNats(folder: string, secrets: Secrets): Promise<ShippedNats> {
  const binary = await ensureServer('nats-server')
  const ports = await freePorts(9)
  const routes = ports.slice(6).map((port) => `nats://127.0.0.1:${port}`)
  const commands = [0, 1, 2].map((index) => {
    const place = join(folder, `nats-${index}`)
    const [client, monitor, route] = [ports[index]!, ports[index + 3]!, ports[index + 6]!]
    mkdirSync(place, { recursive: true })
    copyFileSync(join(SHIPPED, 'nats.conf'), join(place, 'nats.conf'))
    writeFileSync(join(place, 'nats-place.conf'), placeOf(place, [client, monitor, route], secrets))
    copyFileSync(join(secrets.folder, 'nats-password.conf'), join(place, 'nats-password.conf'))
    const env = { ...process.env, NATS_NAME: `nats-${index}`, NATS_ROUTES: `[${routes}]` }
    return { binary, args: ['-c', join(place, 'nats.conf')], env }
  })
  const servers = commands.map(
    ({ args, env }, index) =>
      new LocalProcess(`nats-${index}`, binary, args, { logFile: join(folder, `nats-${index}.log`), env }),
  )
  const monitorUrls = ports.slice(3, 6).map((port) => `http://127.0.0.1:${port}`)
  const stop = async () => {
    await Promise.all(servers.map((server) => server.end('SIGKILL')))
  }
  const isReady = async (url: string, server: LocalProcess) => {
    server.assertRunning()
    const answers = await Promise.all(
      ['/healthz', '/jsz'].map((path) => fetch(url + path).catch(() => undefined)),
    )
    if (!answers.every((answer) => answer?.ok)) return false
    const { meta_cluster } = (await answers[1]!.json()) as { meta_cluster?: { leader?: string } }
    return meta_cluster?.leader !== undefined
  }
  try {
    for (const [index, server] of servers.entries()) {
      await until(
        () => isReady(monitorUrls[index]!, server),
        () => server.lastWords,
      )
    }
  } catch (error) {
    await stop()
    throw error
  }
  const addresses = ports.slice(0, 3).map((port) => `127.0.0.1:${port}`)
  return { addresses, monitorUrls, command: commands[0]!, stop }
}

function placeOf(
  folder: string,
  [client, monitor, route]: readonly [number, number, number],
  secrets: Secrets,
): string {
  return `
HOST: "127.0.0.1"
PORT: ${client}
ROUTE_PORT: ${route}
MONITOR: "127.0.0.1:${monitor}"
STORE: "${join(folder, 'data')}"
STORE_BYTES: 1GB
CERTIFICATE: "${join(secrets.folder, 'tls/tls.crt')}"
KEY: "${join(secrets.folder, 'tls/tls.key')}"
AUTHORITY: "${secrets.authority}"
`
}

export interface ShippedRedis {
  port: number
  stop(): Promise<void>
}

/** @param folder of the test */
export async function startShippedRedis(folder: string, secrets: Secrets): Promise<ShippedRedis> {
  const binary = await ensureServer('redis-server')
  const port = await freePort()
  const settings = {
    'tls-port': String(port),
    bind: '127.0.0.1',
    'tls-cert-file': join(secrets.folder, 'tls/tls.crt'),
    'tls-key-file': join(secrets.folder, 'tls/tls.key'),
    'tls-ca-cert-file': secrets.authority,
  }
  const env = {
    ...process.env,
    REDIS_SERVER: binary,
    REDIS_DATA: folder,
    REDIS_PASSWORD_FILE: join(secrets.folder, 'redis-password'),
    REDIS_USERS_FILE: join(folder, 'users.acl'),
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const logFile = join(folder, 'redis.log')
  const server = new LocalProcess('redis', join(SHIPPED, 'redis-start.sh'), args, { logFile, env })
  const stop = async () => {
    await server.end('SIGKILL')
  }
  try {
    await until(
      () => {
        server.assertRunning()
        return server.output.includes('Ready to accept connections')
      },
      () => server.lastWords,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop }
}

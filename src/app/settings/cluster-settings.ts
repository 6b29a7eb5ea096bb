// The settings of a node in a cluster: where NATS and Redis are, and what the node creates there.
import { hostname } from 'node:os'

export interface ClusterSettings {
  /** `nats://` or `tls://` URLs of the servers, credentials included. */
  natsUrls: string[]
  /** One `redis://` or `rediss://` URL, or several separated by commas. */
  redisUrls: string
  /** Name of this node, as operators see it. */
  node: string
  /** First token of all names on NATS and keys on Redis. */
  prefix: string
  /** JetStream replicas. */
  replicas: number
  /** JetStream streams that the shards' logs are spread over. */
  logStreams: number
  /** Bytes each JetStream stream may hold; -1: as much as the servers give. */
  streamBytesMax: number
  /** Monitoring URLs of the NATS servers. */
  natsMonitorUrls: string[]
}

/** Reads settings and collects their problems; it reports each problem once. */
export interface SettingsReader {
  text(name: string): string | undefined
  integer(name: string, standard: number, min: number, max: number): number
  problem(message: string): void
}

const LOG_STREAMS_MAX = 64

/** Undefined if neither NATS nor Redis is named. The node then runs on embedded storage. */
export function readClusterSettings(
  { text, integer, problem }: SettingsReader,
  shards: number,
  port: number,
): ClusterSettings | undefined {
  const [nats, redis] = [text('NATS'), text('REDIS')]
  if (!nats && !redis) return undefined
  if (!nats || !redis) {
    problem(`PULSEPRINT_${nats ? 'REDIS' : 'NATS'} is missing: a cluster needs both NATS and Redis`)
    return undefined
  }
  const natsUrls = listOf(nats)
  // The message does not show the URLs, because they may carry passwords.
  if (!natsUrls.every((url) => isUrl(url, ['nats:', 'tls:']))) {
    problem('PULSEPRINT_NATS must be nats:// or tls:// URLs, separated by commas')
  }
  if (!listOf(redis).every((url) => isUrl(url, ['redis:', 'rediss:']))) {
    problem('PULSEPRINT_REDIS must be redis:// or rediss:// URLs, separated by commas')
  }
  for (const [name, urls] of Object.entries({ NATS: listOf(nats), REDIS: listOf(redis) })) {
    if (urls.every(isLoginEncoded)) continue
    problem(
      `PULSEPRINT_${name} has a % that encodes nothing: percent-encode its user and password (% is %25)`,
    )
  }
  const prefix = text('PREFIX') ?? 'pulseprint'
  if (!/^[\w-]{1,64}$/.test(prefix)) {
    problem(`PULSEPRINT_PREFIX is "${prefix}": it must be 1 to 64 letters, digits, - or _`)
  }
  const node = text('NODE') ?? `${hostname()}:${port === 0 ? process.pid : port}`
  if (!/^[\w.:-]{1,128}$/.test(node)) {
    problem(`PULSEPRINT_NODE is "${node}": it must be 1 to 128 letters, digits, ., :, - or _`)
  }
  const natsMonitorUrls = listOf(text('NATS_MONITOR') ?? '')
  if (!natsMonitorUrls.every((url) => isUrl(url, ['http:', 'https:']) && !hasCredentials(url))) {
    problem('PULSEPRINT_NATS_MONITOR must be http:// URLs without user and password, separated by commas')
  }
  return {
    natsUrls,
    redisUrls: redis,
    node,
    prefix,
    replicas: integer('REPLICAS', natsUrls.length >= 3 ? 3 : 1, 1, 5),
    logStreams: integer(
      'LOG_STREAMS',
      Math.min(8, Math.ceil(shards / 8)),
      1,
      Math.min(shards, LOG_STREAMS_MAX),
    ),
    streamBytesMax: text('STREAM_BYTES') ? integer('STREAM_BYTES', -1, 1024 ** 2, 1024 ** 5) : -1,
    natsMonitorUrls,
  }
}

/** The parts between commas. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url)
  return username !== '' || password !== ''
}

/**
 * A login with a stray % could not be decoded when it is sent. Another check reports texts that are
 * no URL at all.
 */
function isLoginEncoded(text: string): boolean {
  const url = URL.parse(text)
  try {
    decodeURIComponent(`${url?.username}:${url?.password}`)
    return true
  } catch {
    return false
  }
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  const url = URL.parse(text)
  return url !== null && protocols.includes(url.protocol) && url.hostname !== ''
}

// The connection to NATS that everything of one thread shares. It comes back for ever, notices a server that is
// silent, and says in the log when it was lost and found.
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { PulseprintError } from '../errors.ts'
import type { Logger } from './logger.ts'

const OPTIONS = {
  // The client's own default gives up after ten tries.
  maxReconnectAttempts: -1,
  reconnectTimeWait: 200,
  reconnectJitter: 100,
  // A stopped server keeps its connections open; after two pings without an answer another one is dialled.
  pingInterval: 2_000,
  maxPingOut: 2,
  timeout: 5_000,
  // Stack traces of requests cost more than the requests.
  noAsyncTraces: true,
} as const satisfies ConnectionOptions

/**
 * Connects to one of the servers, given as `host:port`.
 * @param more credentials, TLS; what it sets wins
 * Errors: STORAGE_UNAVAILABLE when none of them answers.
 */
export async function connectNats(
  servers: readonly string[],
  name: string,
  logger: Logger,
  more: ConnectionOptions = {},
): Promise<NatsConnection> {
  let connection: NatsConnection
  try {
    connection = await connect({ ...OPTIONS, name, ...more, servers: [...servers] })
  } catch (error) {
    throw new PulseprintError('STORAGE_UNAVAILABLE', `NATS cannot be reached: ${(error as Error).message}`)
  }
  void report(connection, logger)
  return connection
}

/** Connects by `nats://` or `tls://` URLs; the first one's credentials hold for all. Errors: as connectNats. */
export function connectNatsUrls(
  urls: readonly string[],
  name: string,
  logger: Logger,
): Promise<NatsConnection> {
  const parsed = urls.map((url) => new URL(url))
  const { username, password, protocol } = parsed[0]!
  const servers = parsed.map(({ hostname, port }) => `${hostname}:${port || '4222'}`)
  return connectNats(servers, name, logger, {
    ...(username !== '' && { user: decodeURIComponent(username) }),
    ...(password !== '' && { pass: decodeURIComponent(password) }),
    ...(protocol === 'tls:' && { tls: {} }),
  })
}

/** The servers' addresses without credentials, for messages. */
export function maskedNatsUrls(urls: readonly string[]): string {
  return urls
    .map((url) => new URL(url))
    .map(({ protocol, host }) => `${protocol}//${host}`)
    .join(',')
}

async function report(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') logger.warn('NATS is lost', { server: status.server })
    else if (status.type === 'reconnect') logger.info('NATS is back', { server: status.server })
    else if (status.type === 'error') logger.warn('NATS has refused something', { error: status.error })
  }
}

// The one connection to NATS of a thread. It tries for ever to come back, notices a silent server,
// and says in the log when it was lost and when it is back.
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { PulseprintError } from '../../../errors.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { reconnecting } from './nats-reconnect.ts'

const OPTIONS = {
  // The client's own default gives up after ten tries.
  maxReconnectAttempts: -1,
  // Nor is a second refused login in a row the end: users and passwords are set anew while nodes
  // run.
  ignoreAuthErrorAbort: true,
  // A stopped server keeps its connections open; after two pings without an answer another one is
  // dialled.
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
    connection = await connect({ ...OPTIONS, ...reconnecting(), name, ...more, servers: [...servers] })
  } catch (error) {
    throw new PulseprintError(
      'STORAGE_UNAVAILABLE',
      `no connection to NATS at ${servers.join(',')}: ${(error as Error).message}`,
    )
  }
  void report(connection, logger)
  return connection
}

/**
 * Connects by `nats://` or `tls://` URLs; the first one's credentials hold for all. Errors: as
 * connectNats.
 */
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

/**
 * Ends the process when the client has given up the connection: nothing would bring it back, and the
 * other nodes take over. A connection that we closed ends nothing.
 */
export async function endWithConnection(
  connection: Pick<NatsConnection, 'closed'>,
  logger: Logger,
  end: (code: number) => void = process.exit,
): Promise<void> {
  const error = await connection.closed()
  if (!error) return
  logger.error('the connection to NATS is closed for good: this node stops', { error })
  end(1)
}

/** The servers' addresses without credentials, for messages. */
export function maskedNatsUrls(urls: readonly string[]): string {
  return urls
    .map((url) => new URL(url))
    .map(({ protocol, host }) => `${protocol}//${host}`)
    .join(',')
}

/**
 * Says everything once. If a server refuses the login, the client tries several times a second. It
 * tells of each refusal, and in the end of as many reconnections.
 */
async function report(connection: NatsConnection, logger: Logger): Promise<void> {
  let isLost = false
  let refusal: string | undefined
  for await (const status of connection.status()) {
    if (status.type === 'disconnect' && !isLost) {
      isLost = true
      logger.warn('NATS is lost', { server: status.server })
    } else if (status.type === 'error' && status.error.message !== refusal) {
      refusal = status.error.message
      logger.warn('NATS has refused something', { error: status.error })
    } else if (status.type === 'reconnect' && isLost) {
      isLost = false
      refusal = undefined
      logger.info('NATS is back', { server: status.server })
    }
  }
}

// The connection to NATS that everything of one thread shares. It comes back for ever, notices a
// server that is silent, and says in the log when it was lost and found.
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { PulseprintError } from '../../../errors.ts'
import type { Logger } from '../../../runtime/logger.ts'

const OPTIONS = {
  // The client's own default gives up after ten tries.
  maxReconnectAttempts: -1,
  // Nor is a second refused login in a row the end: users and passwords are set anew while nodes
  // run.
  ignoreAuthErrorAbort: true,
  reconnectTimeWait: 200,
  reconnectJitter: 100,
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
    connection = await connect({ ...OPTIONS, name, ...more, servers: [...servers] })
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
 * Ends the process, once the client has given up a connection: nothing brings it back, and the
 * others take over. One that was closed by us ends nothing.
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
 * Says everything once. A server that refuses the login is tried again several times a second: the
 * client then tells of each loss and refusal, and at last of as many reconnections.
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

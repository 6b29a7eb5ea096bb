// Publishes messages to one JetStream stream, all or none of them: several go as an atomic batch,
// in one round trip.
import { headers, type MsgHdrs, type NatsConnection, nuid } from '@nats-io/transport-node'
import { asked } from './jetstream-ask.ts'

/** Messages that a server takes in one batch at most. */
export const BATCH_MESSAGES_MAX = 1_000
/** How long an acknowledgement may take; a publish that is given up may yet go in, once. */
const PUBLISH_WAIT_MS = 5_000

export interface OutgoingMessage {
  subject: string
  payload: Uint8Array
  headers?: Readonly<Record<string, string>>
}

/**
 * The condition that the newest message on `subject`, which may hold wildcards, is the one of that
 * stream sequence.
 */
export function expectLast(subject: string, sequence: number): Record<string, string> {
  return {
    'Nats-Expected-Last-Subject-Sequence': String(sequence),
    'Nats-Expected-Last-Subject-Sequence-Subject': subject,
  }
}

export class JetStreamPublisher {
  readonly #connection: NatsConnection
  /** Rejections of the publishes under way. */
  readonly #waiting = new Set<(error: Error) => void>()
  #connected = true

  constructor(connection: NatsConnection) {
    this.#connection = connection
    void this.#watch()
  }

  /**
   * Resolves with the stream sequence of the last message when all are durable; those of the others
   * lead up to it without a gap. It sends nothing twice. Errors: STORAGE_UNAVAILABLE, at once if
   * the connection is lost; then none went in, or all may yet turn up.
   * @param messages at least one and at most BATCH_MESSAGES_MAX, all to subjects of one stream
   */
  publish(messages: readonly OutgoingMessage[]): Promise<number> {
    return asked(this.#untilLost(messages), 'JetStream took no write')
  }

  /** What the client takes while it is not connected never gets sent. */
  async #untilLost(messages: readonly OutgoingMessage[]): Promise<number> {
    if (!this.#connected) throw new Error('the connection is lost')
    let onLost = (_: Error) => {}
    const lost = new Promise<never>((_, reject) => {
      onLost = reject
    })
    this.#waiting.add(onLost)
    try {
      return await Promise.race([publishBatch(this.#connection, messages), lost])
    } finally {
      this.#waiting.delete(onLost)
    }
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'reconnect') this.#connected = true
      if (type !== 'disconnect') continue
      this.#connected = false
      for (const onLost of this.#waiting) onLost(new Error('the connection was lost meanwhile'))
    }
  }
}

async function publishBatch(
  connection: NatsConnection,
  messages: readonly OutgoingMessage[],
): Promise<number> {
  const id = messages.length > 1 ? nuid.next() : undefined
  const last = messages.length - 1
  for (let index = 0; index < last; index++) {
    const { subject, payload } = messages[index]!
    connection.publish(subject, payload, { headers: headersOf(messages[index]!, id, index + 1) })
  }
  const { subject, payload } = messages[last]!
  const head = headersOf(messages[last]!, id, messages.length)
  if (id !== undefined) head.set('Nats-Batch-Commit', '1')
  const answer = await connection.request(subject, payload, { headers: head, timeout: PUBLISH_WAIT_MS })
  const { error, seq } = answer.json<{ error?: { description: string }; seq: number }>()
  if (error) throw new Error(error.description)
  return seq
}

function headersOf(message: OutgoingMessage, batch: string | undefined, position: number): MsgHdrs {
  const head = headers()
  if (batch !== undefined) {
    head.set('Nats-Batch-Id', batch)
    head.set('Nats-Batch-Sequence', String(position))
  }
  for (const name in message.headers) head.set(name, message.headers[name]!)
  return head
}

// A log record as JetStream messages: one message, or for a large record several parts in a row. The
// record's sequence is that of its last part, so reading on after it begins with the next record.
import type { Msg } from '@nats-io/transport-node'
import type { LogRecord } from '../../../log/action-log.ts'
import type { OutgoingMessage } from '../jetstream/jetstream-publish.ts'
import type { StoredMessage } from '../jetstream/jetstream-reader.ts'

/** Below the message size that a server takes by default, 1 MiB, with room for headers. */
const PART_BYTES_MAX = 512 * 1024
const PART = 'Pulseprint-Part'

/**
 * The messages of a record, in their order.
 * @param headers those of the last,
 * @param first those of the first besides
 */
export function messagesOf(
  subject: string,
  payload: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  first: Readonly<Record<string, string>> = {},
): OutgoingMessage[] {
  if (payload.length <= PART_BYTES_MAX) return [{ subject, payload, headers: { ...headers, ...first } }]
  const count = Math.ceil(payload.length / PART_BYTES_MAX)
  return Array.from({ length: count }, (_, index) => {
    const part = { [PART]: `${index + 1}/${count}` }
    const bytes = payload.subarray(index * PART_BYTES_MAX, (index + 1) * PART_BYTES_MAX)
    const more = index === 0 ? first : index === count - 1 ? headers : {}
    return { subject, payload: bytes, headers: { ...part, ...more } }
  })
}

/** Which part of how many a message is. */
export function partOf(headers: Msg['headers']): { part: number; parts: number } {
  const text = headers?.get(PART)
  if (!text) return { part: 1, parts: 1 }
  const [part, parts] = text.split('/').map(Number) as [number, number]
  return { part, parts }
}

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Puts the parts of one subject together again, as they come. */
export class RecordJoiner {
  #parts: Uint8Array[] = []

  /** The records that these messages complete. */
  join(messages: readonly StoredMessage[]): { record: LogRecord; headers: Msg['headers'] }[] {
    const records: { record: LogRecord; headers: Msg['headers'] }[] = []
    for (const { sequence, message } of messages) {
      const { headers, data } = message
      const { part, parts } = partOf(headers)
      if (part === 1) this.#parts = []
      this.#parts.push(data)
      // If the parts before are missing, the log was trimmed between them.
      if (part !== parts || this.#parts.length !== parts) continue
      const payload = parts === 1 ? bufferOf(data) : Buffer.concat(this.#parts)
      this.#parts = []
      records.push({ record: { sequence, payload }, headers })
    }
    return records
  }
}

// Stream items as NATS messages. The payload is what other programs read: one entry, a JSON object,
// on each line. What we filter by and resume from stands in headers.
import type { MsgHdrs } from '@nats-io/transport-node'
import { standardAction } from '../../../streams/standard-action.ts'
import {
  ACTIONS,
  type Publication,
  type StreamEntry,
  type StreamItem,
} from '../../../streams/stream-store.ts'
import type { OutgoingMessage } from '../jetstream/jetstream-publish.ts'

/** Characters after which a further item is begun: whoever wants one entry reads the whole item. */
const ITEM_TEXT_MAX = 64 * 1024
/**
 * A record with so much text gets larger items instead of more: all of them must fit one atomic
 * batch.
 */
const ITEMS_MAX = 400

const SEQUENCE = 'Pulseprint-Sequence'
const ENTRIES = 'Pulseprint-Entries'

/**
 * The messages of a publication, in their order; none if it leads to nothing. @param publications
 * one; or several of a shard, in order, that lead to actions only, and then have their items
 * together, under the sequence of the last
 */
export function messagesOf(
  publications: readonly Publication[],
  subject: (stream: string) => string,
): OutgoingMessage[] {
  const publication = publications.at(-1)!
  const streams = [...publication.entries]
  const actions = publications.flatMap(acceptedOf)
  if (actions.length > 0) streams.unshift([ACTIONS, actions])
  let length = 0
  for (const [, entries] of streams) for (const entry of entries) length += textLength(entry)
  const textMax = Math.max(ITEM_TEXT_MAX, length / ITEMS_MAX)
  return streams.flatMap(([stream, entries]) =>
    slices(entries, textMax).map((slice) => ({
      subject: subject(stream),
      payload: Buffer.from(slice.map(({ data }) => data).join('\n')),
      headers: { [SEQUENCE]: String(publication.sequence), [ENTRIES]: JSON.stringify(slice.flatMap(keysOf)) },
    })),
  )
}

/** Sequence of the log record that a message was published for. */
export function sequenceOf(headers: MsgHdrs | undefined): number {
  return Number(headers?.get(SEQUENCE))
}

export function decodeItem(
  number: number,
  { subject, headers, data }: { subject: string; headers?: MsgHdrs | undefined; data: Uint8Array },
): StreamItem {
  const keys = JSON.parse(headers?.get(ENTRIES) ?? '[]') as (string | null)[]
  const lines = new TextDecoder().decode(data).split('\n')
  const entries = lines.map((line, at): StreamEntry => {
    const [id, userId, action] = keys.slice(at * 3, at * 3 + 3) as [string, string, string | null]
    return { id, userId, ...(action !== null && { action }), data: line }
  })
  const shard = Number(subject.slice(subject.lastIndexOf('.') + 1))
  return { number, shard, sequence: sequenceOf(headers), refused: [], entries }
}

function acceptedOf({ shard, sequence, refused, actions }: Publication): StreamEntry[] {
  if (!refused || !actions) return []
  const out = new Set(refused)
  return actions
    .filter((_, position) => !out.has(position))
    .map((action) => ({
      id: action.id,
      userId: action.user,
      action: action.action,
      data: JSON.stringify(standardAction(action, { shard, sequence })),
    }))
}

function keysOf({ id, userId, action }: StreamEntry): (string | null)[] {
  return [id, userId, action ?? null]
}

function textLength({ id, userId, data }: StreamEntry): number {
  return id.length + userId.length + data.length
}

function slices(entries: readonly StreamEntry[], textMax: number): StreamEntry[][] {
  const found: StreamEntry[][] = []
  let slice: StreamEntry[] = []
  let text = 0
  for (const entry of entries) {
    slice.push(entry)
    text += textLength(entry)
    if (text < textMax) continue
    found.push(slice)
    slice = []
    text = 0
  }
  if (slice.length > 0) found.push(slice)
  return found
}

// The bytes of stored stream items: flat MessagePack arrays. An item of `actions` holds only its
// place in the log. Entries of the other streams are packed together, in parts of bounded size.
import { Packr } from 'msgpackr'
import { ACTIONS, type Publication, type StreamEntry, type StreamItem } from './stream-store.ts'

export interface EncodedItem {
  stream: string
  bytes: Buffer
}

/**
 * Characters of text after which the next item begins, because a reader of one entry reads the
 * whole item.
 */
const ITEM_TEXT_MAX = 64 * 1024

const packr = new Packr({ useRecords: false })

/** The items of a publication, in the order of their numbers. */
export function encodeItems({ shard, sequence, refused, entries }: Publication): EncodedItem[] {
  const items: EncodedItem[] = []
  const add = (stream: string, values: unknown[]) =>
    items.push({ stream, bytes: packr.pack([shard, sequence, ...values]) })
  if (refused) add(ACTIONS, [...refused])
  for (const [stream, list] of entries) {
    let values: (string | null)[] = []
    let text = 0
    for (const { id, userId, action, data } of list) {
      values.push(id, userId, action ?? null, data)
      text += data.length
      if (text < ITEM_TEXT_MAX) continue
      add(stream, values)
      values = []
      text = 0
    }
    if (values.length > 0) add(stream, values)
  }
  return items
}

export function decodeActionsItem(number: number, bytes: Buffer): StreamItem {
  const [shard, sequence, ...refused] = packr.unpack(bytes) as [number, number, ...number[]]
  return { number, shard, sequence, refused, entries: [] }
}

export function decodeEntriesItem(number: number, bytes: Buffer): StreamItem {
  const [shard, sequence, ...values] = packr.unpack(bytes) as [number, number, ...string[]]
  const entries: StreamEntry[] = []
  for (let at = 0; at < values.length; at += 4) {
    const [id, userId, action, data] = values.slice(at, at + 4) as [string, string, string | null, string]
    entries.push({ id, userId, ...(action !== null && { action }), data })
  }
  return { number, shard, sequence, refused: [], entries }
}

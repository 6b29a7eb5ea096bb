// The bytes of a log record: a header and the chunks of the requests that share it, one after the
// other. A tick has its users instead. A record explains itself: you need no dictionary to read it.
import { crc32 } from 'node:zlib'
import { Packr } from 'msgpackr'
import { PulseprintError } from '../errors.ts'
import type { Action } from '../model/action.ts'

const ACTIONS_FORMAT = 3
const TICK_FORMAT = 4
/** Like 3 and 4, but without a checksum. */
const UNCHECKED_ACTIONS_FORMAT = 1
const UNCHECKED_TICK_FORMAT = 2
/** Format, instant, epoch and count. */
const FACTS_BYTES = 17
/** The checksum covers all other bytes, and follows them. */
const HEADER_BYTES = FACTS_BYTES + 4

type Tuple = [
  id: string,
  user: string,
  action: string,
  occurredAt: number,
  properties: Record<string, unknown>,
  objectId: string | null,
  objectType: string | null,
  channel: string | null,
  place: string | null,
  anonymousId: string | null,
]

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

/** Encodes the actions of one request that belong to one shard. */
export function encodeChunk(actions: readonly Action[]): Uint8Array {
  const tuples: Tuple[] = actions.map((action) => [
    action.id,
    action.user,
    action.action,
    action.occurredAt,
    action.properties,
    action.object?.id ?? null,
    action.object?.type ?? null,
    action.channel ?? null,
    action.place ?? null,
    action.anonymousId ?? null,
  ])
  return packr.pack(tuples)
}

/**
 * A record of actions: what the owner of `epoch` took in at `receivedAt` (epoch ms), `count`
 * actions in all.
 */
export function encodeRecord(
  receivedAt: number,
  epoch: number,
  count: number,
  chunks: readonly Uint8Array[],
): Buffer {
  return encode(ACTIONS_FORMAT, receivedAt, epoch, count, chunks)
}

/** A tick: at `at` (epoch ms) something is due for these users. */
export function encodeTick(at: number, epoch: number, users: readonly string[]): Buffer {
  return encode(TICK_FORMAT, at, epoch, users.length, [packr.pack(users)])
}

function encode(
  format: number,
  at: number,
  epoch: number,
  count: number,
  parts: readonly Uint8Array[],
): Buffer {
  let size = HEADER_BYTES
  for (const part of parts) size += part.byteLength
  const record = Buffer.allocUnsafe(size)
  record.writeUInt8(format, 0)
  record.writeDoubleLE(at, 1)
  record.writeUInt32LE(epoch, 9)
  record.writeUInt32LE(count, 13)
  let end = HEADER_BYTES
  for (const part of parts) {
    record.set(part, end)
    end += part.byteLength
  }
  record.writeUInt32LE(checksumOf(record), FACTS_BYTES)
  return record
}

function checksumOf(record: Buffer): number {
  return crc32(record.subarray(HEADER_BYTES), crc32(record.subarray(0, FACTS_BYTES)))
}

export interface RecordHeader {
  kind: 'actions' | 'tick'
  /** When the record arrived; for a tick, its time. */
  receivedAt: number
  epoch: number
  /** The number of actions, or of users of a tick. */
  count: number
}

/** Errors: DATA_DAMAGED if the bytes are no record. */
export function decodeHeader(record: Buffer): RecordHeader {
  const format = record[0] as number
  if (record.length < FACTS_BYTES || format < UNCHECKED_ACTIONS_FORMAT || format > TICK_FORMAT) {
    throw damaged('it has no format of this version')
  }
  return {
    kind: format === TICK_FORMAT || format === UNCHECKED_TICK_FORMAT ? 'tick' : 'actions',
    receivedAt: record.readDoubleLE(1),
    epoch: record.readUInt32LE(9),
    count: record.readUInt32LE(13),
  }
}

/** The users of a tick. Errors: DATA_DAMAGED. */
export function decodeTick(record: Buffer): string[] {
  return packr.unpack(bodyOf(record)) as string[]
}

/** The record's actions in the order they were accepted. Errors: DATA_DAMAGED. */
export function decodeActions(record: Buffer): Action[] {
  const actions: Action[] = []
  packr.unpackMultiple(bodyOf(record), (tuples: unknown) => {
    for (const tuple of tuples as Tuple[]) actions.push(toAction(tuple))
  })
  return actions
}

/** The bytes after the header, if the checksum is right. */
function bodyOf(record: Buffer): Buffer {
  const format = record[0] as number
  if (format < ACTIONS_FORMAT) return record.subarray(FACTS_BYTES)
  if (record.length < HEADER_BYTES || record.readUInt32LE(FACTS_BYTES) !== checksumOf(record)) {
    throw damaged('its bytes do not fit their checksum')
  }
  return record.subarray(HEADER_BYTES)
}

function damaged(why: string): PulseprintError {
  return new PulseprintError('DATA_DAMAGED', `a record of the log is damaged: ${why}`)
}

function toAction(tuple: Tuple): Action {
  const action: Action = {
    id: tuple[0],
    user: tuple[1],
    action: tuple[2],
    occurredAt: tuple[3],
    properties: tuple[4],
  }
  if (tuple[5] !== null)
    action.object = tuple[6] === null ? { id: tuple[5] } : { type: tuple[6], id: tuple[5] }
  if (tuple[7] !== null) action.channel = tuple[7]
  if (tuple[8] !== null) action.place = tuple[8]
  if (tuple[9] !== null) action.anonymousId = tuple[9]
  return action
}

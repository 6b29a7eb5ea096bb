// Checks that log, snapshots and streams of a shard belong together. If one of them is an older
// copy or is gone, decisions would be lost, or published although the profiles never saw them.
import { PulseprintError } from '../errors.ts'
import { decodeHeader } from '../ingest/records.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { StreamStore } from '../streams/stream-store.ts'

/** Sequences of the shard's log. */
export interface StandsOfStores {
  head: number
  /** The oldest record that the log still holds. */
  tail: number
  /** Up to where the profiles are saved. */
  offset: number
  /** Up to where the streams are published. */
  published: number
}

const RESTORE = 'Put log, snapshots and streams back from one and the same backup.'

/** Errors: STORE_MISMATCH, with what to do. */
export async function expectStoresFit(
  { log, streams }: { log: ActionLog; streams: StreamStore },
  shard: number,
  { head, tail, offset, published }: StandsOfStores,
): Promise<void> {
  if (offset > head || offset + 1 < tail) {
    throw mismatch(
      `shard ${shard}: the snapshots cover the log up to ${offset}, but the log holds ${tail} to ${head}. ${RESTORE}`,
    )
  }
  if (published > head) {
    throw mismatch(
      `shard ${shard}: the streams hold what the log led to up to ${published}, but the log ends at ${head}. ${RESTORE}`,
    )
  }
  if (published >= offset) return
  if (!streams.countsAll && (published > 0 || !(await holdsActions(log, shard, offset)))) return
  throw mismatch(
    `shard ${shard}: the snapshots cover the log up to ${offset}, but the streams only up to ${published}. ${RESTORE} ` +
      'If you have none, remove streams and snapshots: both are made anew from the log.',
  )
}

/** True if a record up to the sequence holds actions. */
async function holdsActions(log: ActionLog, shard: number, upTo: number): Promise<boolean> {
  const ended = new AbortController()
  for await (const records of log.follow(shard, 0, ended.signal)) {
    for (const { sequence, payload } of records) {
      if (sequence > upTo) return false
      if (decodeHeader(payload).kind === 'actions') return true
      if (sequence === upTo) return false
    }
  }
  return false
}

function mismatch(message: string): PulseprintError {
  return new PulseprintError('STORE_MISMATCH', message)
}

// Folds a shard's log into a slice of its users, with turns for everybody else in between.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { RebuildSlice } from './rebuild-slice.ts'

/** How long records are folded before others have their turn. */
const TURN_MS = 2

/**
 * Resolves when the slice stands where the shard does, or when `ended` aborts: then it may lack
 * records.
 * @param live the shard, which may go on meanwhile
 * @param turned called before each turn of the others, with the last sequence that was folded
 */
export async function foldLog(
  log: ActionLog,
  live: { readonly shard: number; readonly applied: number },
  slice: RebuildSlice,
  ended: AbortSignal,
  turned: (sequence: number) => void = () => {},
): Promise<void> {
  if (slice.sequence >= live.applied) return
  let since = performance.now()
  const signal = AbortSignal.any([ended])
  for await (const records of log.follow(live.shard, 0, signal)) {
    for (const record of records) {
      if (record.sequence > live.applied || signal.aborted) return
      slice.fold(record)
      if (record.sequence >= live.applied) return
      if (performance.now() - since < TURN_MS) continue
      turned(record.sequence)
      await nextTurn()
      since = performance.now()
    }
  }
}

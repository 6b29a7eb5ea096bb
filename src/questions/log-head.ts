// The end of a shard's log, for questions that show it. They do without it if the log does not
// answer in time.
import type { ActionLog } from '../log/action-log.ts'
import type { Clock } from '../runtime/clock.ts'
import { within } from '../runtime/deadline.ts'

const HEAD_WAIT_MS = 300

export interface HeadAndLag {
  head: number | null
  lag: number | null
}

/**
 * Both are null if the log does not answer in time.
 * @param applied last sequence that is applied
 */
export async function headAndLag(
  log: ActionLog,
  shard: number,
  applied: number,
  clock: Clock,
): Promise<HeadAndLag> {
  const asked = Promise.try(() => log.head(shard))
  const head = await within(asked, HEAD_WAIT_MS, clock, () => new Error('too late')).catch(() => null)
  return { head, lag: head === null ? null : Math.max(0, head - applied) }
}

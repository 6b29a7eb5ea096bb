// The end of a shard's log, for those who show it: they do without it rather than wait for a log
// that is away.
import type { ActionLog } from '../log/action-log.ts'
import type { Clock } from '../runtime/clock.ts'
import { within } from '../runtime/deadline.ts'

const HEAD_WAIT_MS = 300

export interface HeadAndLag {
  head: number | null
  lag: number | null
}

/** Both null if the log does not tell in time. @param applied last sequence that is applied */
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

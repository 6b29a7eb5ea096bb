// Waits on a condition, never on a span of time.
import { setTimeout as pause } from 'node:timers/promises'

/** A look is often a request to a process that is busy with what is waited for. */
const LOOK_INTERVAL_MS_MIN = 10
const LOOK_INTERVAL_MS_MAX = 50

/**
 * Looks again and again until `condition` gives something, more seldom as time passes. Throws after
 * `patienceMs`, with what `why` says then.
 */
export async function until<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  why: () => string,
  patienceMs = 120_000,
): Promise<T> {
  const begun = performance.now()
  for (;;) {
    const found = await condition()
    if (found !== undefined && found !== false) return found
    const waitedMs = performance.now() - begun
    if (waitedMs > patienceMs) throw new Error(why())
    await pause(Math.min(LOOK_INTERVAL_MS_MIN + waitedMs / 10, LOOK_INTERVAL_MS_MAX))
  }
}

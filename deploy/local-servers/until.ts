// Waits on a condition, never on a span of time.
import { setTimeout as pause } from 'node:timers/promises'

const LOOK_INTERVAL_MS = 10

/**
 * Looks again and again until `condition` gives something. Throws after `patienceMs`, with what
 * `why` says then.
 */
export async function until<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  why: () => string,
  patienceMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = await condition()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(why())
    await pause(LOOK_INTERVAL_MS)
  }
}

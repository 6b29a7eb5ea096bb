// A bound on waiting.
import type { Clock } from './clock.ts'

/** The promise's result, or `late()` thrown when it takes longer than `limitMs`. */
export function within<T>(promise: Promise<T>, limitMs: number, clock: Clock, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => reject(late()))
    promise.then(resolve, reject).finally(cancel)
  })
}

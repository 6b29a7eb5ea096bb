// How much room a payload has. An action may bring long texts and expressions may repeat them, so a
// rule could emit far more than came in.
import { LIMITS } from '../limits.ts'
import type { Value } from '../model/value.ts'

/**
 * UTF-16 units that a value is counted as beside its text: a number, a bracket, quotes and a comma.
 */
const VALUE_LENGTH = 8

export class PayloadRoom {
  #left: number = LIMITS.payloadTextMax

  /** Once per payload, before its first value. */
  clear(): void {
    this.#left = LIMITS.payloadTextMax
  }

  get exceeded(): boolean {
    return this.#left < 0
  }

  takeName(name: string): void {
    this.#left -= name.length
  }

  /**
   * Takes room for a value and everything in it. It stops if no room is left, however large the
   * rest is.
   */
  take(value: Value): void {
    this.#left -= VALUE_LENGTH
    if (typeof value === 'string') this.#left -= value.length
    if (typeof value !== 'object' || value === null) return
    const names = Array.isArray(value) ? undefined : Object.keys(value)
    const items = Array.isArray(value) ? value : Object.values(value)
    for (let index = 0; index < items.length && !this.exceeded; index++) {
      if (names) this.takeName(names[index]!)
      this.take(items[index]!)
    }
  }
}

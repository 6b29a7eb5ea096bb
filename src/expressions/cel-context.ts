// What an expression sees of an action. All evaluations of an environment reuse one context. Its
// getters read the current action, so nothing is copied, and a Date is made only if an expression
// asks for it.
import type { Action } from '../model/action.ts'
import { ANONYMOUS_PREFIX } from '../model/user-id.ts'

/** The variables of expressions in features. */
export const VARIABLES = [
  'action',
  'properties',
  'object',
  'occurredAt',
  'channel',
  'place',
  'userId',
] as const
export type Variable = (typeof VARIABLES)[number]

const NOTHING = Object.freeze({})

export class CelContext {
  #current!: Action
  /** Replaces properties whose own keys would confuse the library, see `withMaps`. */
  #properties: unknown

  show(action: Action): this {
    this.#current = action
    this.#properties = action.properties
    return this
  }

  /**
   * The library asks plain objects for `.constructor`, and a client's key of that name would
   * answer. Maps are immune.
   */
  showAsMaps(action: Action): this {
    this.#current = action
    this.#properties = withMaps(action.properties)
    return this
  }

  get action(): string {
    return this.#current.action
  }
  get properties(): unknown {
    return this.#properties
  }
  get object(): object {
    return this.#current.object ?? NOTHING
  }
  get occurredAt(): Date {
    return new Date(this.#current.occurredAt)
  }
  get channel(): string | null {
    return this.#current.channel ?? null
  }
  get place(): string | null {
    return this.#current.place ?? null
  }
  get userId(): string | null {
    return userIdOf(this.#current) ?? null
  }
}

/** Undefined for a visitor who is known by an anonymous id only. */
export function userIdOf(action: Action): string | undefined {
  return action.user.startsWith(ANONYMOUS_PREFIX) ? undefined : action.user
}

/** True if some map in the value has a key of its own named `constructor`. */
export function hasHostileKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (!Array.isArray(value) && Object.hasOwn(value, 'constructor')) return true
  return Object.values(value).some(hasHostileKey)
}

/** Maps in place of all plain objects of the value. */
export function withMaps(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withMaps)
  return new Map(Object.entries(value).map(([key, item]) => [key, withMaps(item)]))
}

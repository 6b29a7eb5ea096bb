// Values that expressions give and features show, and what an expression over one action is.
import type { Action } from './action.ts'

/**
 * A value a feature can read from an action, or show: JSON scalars; lists and maps pass through
 * `first` and `last`.
 */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }

/**
 * A compiled CEL expression over one action. `undefined` if it has no value (a missing key, a wrong
 * type).
 */
export interface Expression {
  readonly source: string
  evaluate(action: Action): Value | undefined
  /** `timestamp`: values are epoch milliseconds and are shown as ISO 8601. */
  readonly type: 'any' | 'timestamp'
}

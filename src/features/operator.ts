// The operator: what a series does with its state. `tiled` and `lifetime` build one from any
// aggregate; `distinct` has its own. States are plain data, so that an idle user costs few bytes.

import type { Reader, Writer } from '../model/codec.ts'
import type { Value } from '../model/value.ts'

/**
 * State of one series of one user. Operators are pure: no clock, no randomness, and the same calls
 * in the same order give the same bytes. `add` may change and return the state it was given.
 */
export interface Operator<State> {
  empty(): State
  /**
   * Adds one action's value.
   * @param value what `of` gave; `true` for `count` without `of`. Values the aggregate has no use
   * for change nothing.
   * @param at the action's occurredAt, epoch milliseconds
   * @param tile index of the tile it falls into (0 for lifetime)
   */
  add(state: State, value: Value, at: number, tile: number): State
  /** Drops the tiles before `firstTile`. Windows that start at or after it keep their values. */
  prune(state: State, firstTile: number): State
  /** The value over all tiles from `fromTile` on (-Infinity: everything). */
  value(state: State, fromTile: number): Value
  /** Standard error of `value` relative to it, if it is an estimate; undefined if it is exact. */
  error?(state: State, fromTile: number): number | undefined
  /**
   * The oldest tile that `value(state, fromTile)` depends on. When that tile leaves, the value may
   * change.
   */
  oldest(state: State, fromTile: number): number | undefined
  /**
   * The tiles behind `value(state, fromTile)` and their values, oldest first, for people to look
   * at.
   */
  tiles(state: State, fromTile: number): [tile: number, value: Value][]
  isEmpty(state: State): boolean
  /** Writes a state that is not empty. */
  encode(state: State, to: Writer): void
  decode(from: Reader): State
}

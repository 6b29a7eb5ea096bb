// The operator: what a series does with its state. `tiled` and `lifetime` build one from any
// aggregate; `distinct` has its own.

import type { Value } from '../model/value.ts'
import type { Section } from '../numbers/section.ts'

/**
 * The state of one series of one user is a section of numbers, empty before anything is added.
 * Operators are pure: no clock, no randomness, and the same calls in the same order give the same
 * numbers. Only `add` and `prune` change a state; the others may not even move the section.
 */
export interface Operator {
  /**
   * Adds one action's value.
   * @param value what `of` gave; `true` for `count` without `of`. Values the aggregate has no use
   * for change nothing.
   * @param at the action's occurredAt, epoch milliseconds
   * @param tile index of the tile it falls into (0 for lifetime)
   */
  add(state: Section, value: Value, at: number, tile: number): void
  /** Drops the tiles before `firstTile`. Windows that start at or after it keep their values. */
  prune(state: Section, firstTile: number): void
  /** The value over all tiles from `fromTile` on (-Infinity: everything). */
  value(state: Section, fromTile: number): Value
  /** Standard error of `value` relative to it, if it is an estimate; undefined if it is exact. */
  error?(state: Section, fromTile: number): number | undefined
  /**
   * The oldest tile that `value(state, fromTile)` depends on. When that tile leaves, the value may
   * change.
   */
  oldest(state: Section, fromTile: number): number | undefined
  /**
   * The tiles behind `value(state, fromTile)` and their values, oldest first, for people to look
   * at.
   */
  tiles(state: Section, fromTile: number): [tile: number, value: Value][]
}

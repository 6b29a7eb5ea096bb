// A profile as a plain list of the actions that were accepted: whatever is asked is computed again
// from all of them. The laws compare the fold with this. `of` is `properties.x`, `where` is
// `channel == 'ios'`.

import type { ValueAggregate } from '../../src/features/operators.ts'
import { OUTCOME, type Outcome } from '../../src/ingest/batch.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Action } from '../../src/model/action.ts'
import type { Value } from '../../src/model/value.ts'
import { parseWindow } from '../../src/model/window.ts'
import { NAIVE } from '../laws/naive-aggregates.ts'
import { naiveContains, naiveDate } from '../laws/naive-windows.ts'

const DAY_MS = 86_400_000

export interface NaiveLimits {
  zone: string
  latenessLimitMs: number
  idempotencyWindowMs: number
}

export interface NaiveFeature {
  name: string
  aggregate: ValueAggregate
  window: string | undefined
  action?: string
  onlyIos: boolean
}

interface Accepted {
  action: Action
  place: [sequence: number, position: number]
  receivedAt: number
}

export class NaiveProfile {
  readonly accepted: Accepted[] = []
  readonly #limits: NaiveLimits

  constructor(limits: NaiveLimits) {
    this.#limits = limits
  }

  get newestAt(): number {
    return Math.max(0, ...this.accepted.map(({ action }) => action.occurredAt))
  }

  apply(action: Action, sequence: number, position: number, receivedAt: number): Outcome {
    const remembered = this.accepted.some(
      (earlier) =>
        earlier.action.id === action.id &&
        earlier.receivedAt >= receivedAt - this.#limits.idempotencyWindowMs,
    )
    if (remembered) return OUTCOME.duplicate
    if (action.occurredAt < this.newestAt - this.#limits.latenessLimitMs) return OUTCOME.tooLate
    this.accepted.push({ action, place: [sequence, position], receivedAt })
    return OUTCOME.accepted
  }

  feature({ aggregate, window, action: name, onlyIos }: NaiveFeature, at: number): Value {
    const parsed = window === undefined ? ({ kind: 'lifetime' } as const) : parseWindow(window)!
    const inside = naiveContains(this.#limits.zone, parsed, at)
    const happened = this.accepted.flatMap(({ action }) => {
      if (name !== undefined && action.action !== name) return []
      if (onlyIos && action.channel !== 'ios') return []
      const value = aggregate === 'count' ? true : (action.properties.x as Value | undefined)
      if (value === undefined || value === null || !inside(action.occurredAt)) return []
      return [{ at: action.occurredAt, value }]
    })
    return NAIVE[aggregate](happened)
  }

  /** Counts by local date, of one action or of all, over the days that are kept. */
  counts(name: string | undefined): { date: string; count: number }[] {
    const { zone } = this.#limits
    const newest = Date.parse(naiveDate(zone, this.newestAt))
    const counts = new Map<string, number>()
    for (const { action } of this.accepted) {
      const date = naiveDate(zone, action.occurredAt)
      if (Date.parse(date) <= newest - LIMITS.countDaysMax * DAY_MS) continue
      if (name === undefined || action.action === name) counts.set(date, (counts.get(date) ?? 0) + 1)
    }
    const dates = [...counts.keys()].sort((a, b) => Date.parse(a) - Date.parse(b))
    return dates.map((date) => ({ date, count: counts.get(date)! }))
  }

  /** Places of the newest actions in the log: (sequence, position) by turns, oldest first. */
  timeline(): number[] {
    return this.accepted.slice(-LIMITS.timelineLengthMax).flatMap(({ place }) => place)
  }
}

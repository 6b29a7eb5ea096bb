import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { ValueAggregate } from '../../src/features/operators.ts'
import type { Action } from '../../src/model/action.ts'
import { readDayCounts } from '../../src/profile/counts-view.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile, LIST, listOf, type Profile } from '../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../src/profile/profile-codec.ts'
import { readFeatures } from '../../src/profile/read.ts'
import { type NaiveFeature, NaiveProfile } from '../support/naive-profile.ts'
import { anchor, distance, near } from './instants.ts'

const DAY_MS = 86_400_000
const LATENESS_DAYS = 1_000
const IDEMPOTENCY_MS = 600_000
/** New York begins in 1969; Lord Howe's clock changes by half an hour. */
const ZONES = ['Europe/London', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe']

const AGGREGATES: ValueAggregate[] = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last', 'distinct']
const WINDOWS = [undefined, '3m', '3h', '2d', '40d', 'day', 'week', 'month', 'year']
/**
 * Every aggregate over every window; of each pair one variant, so that all meet all over the pairs.
 */
const FEATURES: NaiveFeature[] = AGGREGATES.flatMap((aggregate, row) =>
  WINDOWS.map((window, column) => {
    const variant = (row + column) % 4
    return {
      name: `${aggregate}_${window ?? 'lifetime'}`,
      aggregate,
      window,
      onlyIos: variant === 1 || variant === 3,
      ...(variant >= 2 && { action: 'buy' }),
    }
  }),
)

function definitionIn(zone: string) {
  const lines = FEATURES.map(({ name, aggregate, window, action, onlyIos }) => {
    const of = aggregate === 'count' ? '' : ', of: properties.x'
    const where = onlyIos ? `, where: "channel == 'ios'"` : ''
    const rest = `${action ? `, action: ${action}` : ''}${window ? `, window: ${window}` : ''}`
    return `  ${name}: { aggregate: ${aggregate}${of}${where}${rest} }\n`
  })
  const head = `version: 1\ntimezone: ${zone}\nlatenessLimit: ${LATENESS_DAYS}d\nidempotencyWindow: ${IDEMPOTENCY_MS / 1000}s\n`
  const compiled = compileDefinition(`${head}features:\n${lines.join('')}`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

const number = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.constantFrom(0.1, -0.1, 1e60, -1e60, 2 ** -200, 2 ** 200, -(2 ** 53) - 2),
)
const x = fc.oneof(
  { weight: 6, arbitrary: number },
  fc.constantFrom('', 'ü', '😀', '1', 'nul\u0000', true, false, null, undefined, [1, 'a'], { a: null }),
)
/**
 * How far after (before, where negative) the user's story so far; now and then just beyond the
 * lateness limit.
 */
const step = fc.oneof(
  { weight: 4, arbitrary: distance },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, -1, DAY_MS, -DAY_MS) },
  fc.integer({ min: -1_300, max: 30 }).map((days) => days * DAY_MS),
  fc.constantFrom(0, -1, 1).map((ms) => -LATENESS_DAYS * DAY_MS + ms),
)
const sent = fc.record({
  user: fc.constantFrom('u', 'ünï', '😀'),
  id: fc.integer({ min: 0, max: 12 }),
  name: fc.constantFrom('buy', 'view', 'constructor'),
  step,
  fromNewest: fc.boolean(),
  x,
  ios: fc.boolean(),
  /** Time the record came in after the one before. */
  pauseMs: fc.constantFrom(0, 0, 1_000, IDEMPOTENCY_MS / 2, IDEMPOTENCY_MS, IDEMPOTENCY_MS + 1_000),
  encodes: fc.boolean(),
})
type Sent = typeof sent extends fc.Arbitrary<infer T> ? T : never

function actionOf({ user, id, name, x, ios }: Sent, occurredAt: number): Action {
  const properties = x === undefined ? {} : { x }
  return { id: `i${id}`, user, action: name, occurredAt, properties, ...(ios && { channel: 'ios' }) }
}

describe.each(ZONES)('in %s', (zone) => {
  const definition = definitionIn(zone)
  const fold = new Fold(definition)
  const limits = { zone, latenessLimitMs: LATENESS_DAYS * DAY_MS, idempotencyWindowMs: IDEMPOTENCY_MS }
  const readAll = (profile: Profile, at: number) =>
    readFeatures(definition, profile, definition.features, at).features
  const countsOf = (profile: Profile, action?: string) =>
    readDayCounts(definition, profile, action === undefined ? {} : { action }).counts

  /** One user of the story three ways: folded, folded through the store, and as a list. */
  class User {
    folded = emptyProfile(definition)
    stored = emptyProfile(definition)
    readonly naive = new NaiveProfile(limits)

    apply(action: Action, sequence: number, position: number, receivedAt: number, encodes: boolean): void {
      const outcomes = [this.folded, this.stored].map((profile) =>
        fold.apply(profile, action, { shard: 0, sequence, position }, receivedAt, []),
      )
      const expected = this.naive.apply(action, sequence, position, receivedAt)
      expect(outcomes).toEqual([expected, expected])
      if (encodes) this.stored = decodeProfile(definition, encodeProfile(definition, this.stored))
    }

    check(at: number): void {
      const expected = Object.fromEntries(FEATURES.map((f) => [f.name, this.naive.feature(f, at)]))
      expect(readAll(this.folded, at)).toEqual(expected)
      expect(readAll(this.stored, at)).toEqual(expected)
      for (const name of [undefined, 'buy', 'constructor', 'never']) {
        expect(countsOf(this.folded, name)).toEqual(this.naive.counts(name))
      }
      expect(listOf(definition, this.folded, LIST.timeline)).toEqual(this.naive.timeline())
      const bytes = encodeProfile(definition, this.folded)
      expect(encodeProfile(definition, this.stored).equals(bytes)).toBe(true)
      expect(encodeProfile(definition, decodeProfile(definition, bytes)).equals(bytes)).toBe(true)
    }
  }

  test('the fold equals the list of all accepted actions, also through the store at any point', () => {
    fc.assert(
      fc.property(
        anchor(zone),
        fc.array(sent, { minLength: 1, maxLength: 40 }),
        distance,
        (start, story, later) => {
          const users = new Map<string, User>()
          let receivedAt = Date.parse('2026-11-20T09:30:00.000Z')
          for (const [index, each] of story.entries()) {
            receivedAt += each.pauseMs
            const user = users.get(each.user) ?? new User()
            users.set(each.user, user)
            const from = each.fromNewest && user.naive.accepted.length > 0 ? user.naive.newestAt : start
            const action = actionOf(each, near(from, each.step))
            user.apply(action, Math.floor(index / 3) + 1, index % 3, receivedAt, each.encodes)
          }
          for (const user of users.values()) {
            if (user.naive.accepted.length === 0) continue
            user.check(user.naive.newestAt)
            user.check(user.naive.newestAt + Math.abs(later))
          }
        },
      ),
      { numRuns: 15 },
    )
  })
})

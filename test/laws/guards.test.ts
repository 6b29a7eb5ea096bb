// A guarded action is judged in the order of the log, by the user's state at its turn: whatever is
// late, sent again or stored in between, points are never spent twice.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileDefinition } from '../../src/definition/compile.ts'
import { OUTCOME, type Outcome } from '../../src/ingest/batch.ts'
import type { Action } from '../../src/model/action.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile } from '../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../src/profile/profile-codec.ts'
import { readFeatures } from '../../src/profile/read.ts'
import type { Effect } from '../../src/rules/effect.ts'

const DAY_MS = 86_400_000
const START = Date.parse('2026-03-01T12:00Z')
/** Points count for 30 days here. */
const TEXT = `version: 1
latenessLimit: 400d
idempotencyWindow: 1d
actions:
  earn: {}
  redeem:
    guard: features.earned - features.spent >= properties.points
features:
  earned: { aggregate: sum, action: earn, of: properties.points, window: 30d }
  spent: { aggregate: sum, action: redeem, of: properties.points, window: 30d }
`

const step = fc.record({
  id: fc.integer({ min: 0, max: 12 }),
  isRedeem: fc.boolean(),
  points: fc.integer({ min: 0, max: 20 }),
  ms: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: DAY_MS }) },
    fc.integer({ min: -20 * DAY_MS, max: 20 * DAY_MS }),
  ),
  reload: fc.boolean(),
})

interface Counted {
  id: number
  day: number
  points: number
  at: number
}

test('it is refused or counted as a list of all that counted says, and a refused one leaves no trace', () => {
  const compiled = compileDefinition(TEXT)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const { definition } = compiled
  const fold = new Fold(definition)
  const seen = new Set<Outcome>()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let profile = emptyProfile(definition)
      const earned: Counted[] = []
      const spent: Counted[] = []
      let at = START
      let newest = 0
      for (const [index, { id, isRedeem, points, ms, reload }] of steps.entries()) {
        at += ms
        const action = { id: `${id}`, user: 'u', action: isRedeem ? 'redeem' : 'earn', occurredAt: at }
        const place = { shard: 0, sequence: index + 1, position: 0 }
        const effects: Effect[] = []
        const before = encodeProfile(definition, profile)
        const outcome = fold.apply(
          profile,
          { ...action, properties: { points } } as Action,
          place,
          START,
          effects,
        )
        seen.add(outcome)

        const day = Math.floor(at / DAY_MS)
        const turn = Math.max(at, newest)
        const firstDay = Math.floor(turn / DAY_MS) - 29
        const sum = (list: Counted[]) =>
          list.filter((one) => one.day >= firstDay).reduce((total, one) => total + one.points, 0)
        const expected = [...earned, ...spent].some((one) => one.id === id)
          ? OUTCOME.duplicate
          : isRedeem && sum(earned) - sum(spent) < points
            ? OUTCOME.refused
            : OUTCOME.accepted
        expect(outcome).toBe(expected)
        if (outcome === OUTCOME.accepted) {
          const counted = { id, day, points, at }
          if (isRedeem) spent.push(counted)
          else earned.push(counted)
          newest = turn
        } else expect(encodeProfile(definition, profile).equals(before)).toBe(true)
        const refusals = effects.filter(({ kind }) => kind === 'refusal')
        expect(refusals.map((effect) => effect.actionId)).toEqual(
          outcome === OUTCOME.refused ? [`${id}`] : [],
        )
        if (reload) profile = decodeProfile(definition, encodeProfile(definition, profile))
      }
      const { features } = readFeatures(definition, profile, definition.features, Math.max(newest, START))
      const firstDay = Math.floor(Math.max(newest, START) / DAY_MS) - 29
      for (const [name, list] of [
        ['earned', earned],
        ['spent', spent],
      ] as const) {
        const inside = list.filter((one) => one.day >= firstDay)
        expect(features[name]).toBe(inside.reduce((total, one) => total + one.points, 0))
      }
    }),
    { numRuns: 500 },
  )
  expect(seen).toEqual(new Set([OUTCOME.accepted, OUTCOME.duplicate, OUTCOME.refused]))
})

test('a guard sees what time alone has changed by then, and its refusal keeps nothing of that', () => {
  const text = TEXT.replace('features.earned - ', "stage != 'quiet' && features.earned - ")
  const compiled = compileDefinition(`${text}lifecycle:
  initial: here
  transitions: [ { from: here, to: quiet, after: 10d } ]
`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const { definition } = compiled
  const fold = new Fold(definition)
  const profile = emptyProfile(definition)
  const send = (action: string, day: number, effects: Effect[]) => {
    const occurredAt = START + day * DAY_MS
    const sent = { id: `${action}-${day}`, user: 'u', action, occurredAt, properties: { points: 5 } }
    const place = { shard: 0, sequence: day + 1, position: 0 }
    return fold.apply(profile, sent as Action, place, occurredAt, effects)
  }
  expect(send('earn', 0, [])).toBe(OUTCOME.accepted)
  const before = encodeProfile(definition, profile)
  const effects: Effect[] = []
  expect(send('redeem', 11, effects)).toBe(OUTCOME.refused)
  expect(effects.map(({ kind }) => kind)).toEqual(['refusal'])
  expect(encodeProfile(definition, profile).equals(before)).toBe(true)
  expect(send('redeem', 9, [])).toBe(OUTCOME.accepted)
})

test('what a guard reads is part of the fingerprint', () => {
  const of = (text: string) => {
    const compiled = compileDefinition(text)
    if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
    return compiled.definition.fingerprint
  }
  expect(of(TEXT.replace('>= properties.points', '> properties.points'))).not.toBe(of(TEXT))
  expect(of(TEXT.replace('action: redeem, of', 'action: earn, of'))).not.toBe(of(TEXT))
  expect(of(`# a comment\n${TEXT}`)).toBe(of(TEXT))
})

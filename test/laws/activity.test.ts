// Active days and streaks through the whole fold, beside sets of local dates made with luxon.
import fc from 'fast-check'
import { DateTime, type DateTimeUnit } from 'luxon'
import { describe, expect, test } from 'vitest'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type { Action } from '../../src/model/action.ts'
import type { Value } from '../../src/model/value.ts'
import { parseWindow } from '../../src/model/window.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile, type Profile } from '../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../src/profile/profile-codec.ts'
import { readFeatures } from '../../src/profile/read.ts'
import type { Effect } from '../../src/rules/effect.ts'
import { naiveContains, naiveDate } from './naive-windows.ts'

const DAY_MS = 86_400_000
const ZONES = ['Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia']
const PERIODS = ['day', 'week', 'month'] as const
const WINDOWS = [undefined, '3d', '40d', 'week', 'month', 'year']
const GRACES = [0, 1, 3]

type Period = (typeof PERIODS)[number]
interface Counted {
  name: string
  period: Period
  window: string | undefined
}
interface Streak {
  name: string
  per: Period
  grace: number
  show: string
}

const COUNTED: Counted[] = PERIODS.flatMap((period) =>
  WINDOWS.map((window) => ({ name: `${period}s_${window ?? 'ever'}`, period, window })),
)
const STREAKS: Streak[] = PERIODS.flatMap((per) =>
  GRACES.flatMap((grace) =>
    ['current', 'longest', 'endsAt'].map((show) => ({ name: `${per}_${grace}_${show}`, per, grace, show })),
  ),
)

function definitionIn(zone: string): Definition {
  const compiled = compileDefinition(`version: 1
timezone: ${zone}
latenessLimit: 2000d
features:
${COUNTED.map(({ name, period, window }) => `  ${name}: { aggregate: ${period}s, action: do${window ? `, window: ${window}` : ''} }`).join('\n')}
${STREAKS.map(({ name, per, grace, show }) => `  ${name}: { aggregate: streak, action: do, per: ${per}, grace: ${grace}, show: ${show} }`).join('\n')}
rules:
${STREAKS.filter(({ show }) => show === 'current')
  .map(({ name }) => `  over_${name}: { when: features.${name} == 0, emit: { stream: over } }`)
  .join('\n')}
`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

/** The first day of the period `away` periods after that of the date. */
function periodStart(date: string, period: Period, away = 0): string {
  const start = DateTime.fromISO(date, { zone: 'utc' }).startOf(period as DateTimeUnit)
  return start.plus({ [period]: away }).toISODate()!
}

/** Lengths of the streaks, and the last period of each. */
function naiveStreaks(dates: readonly string[], { per, grace }: Streak): { length: number; last: string }[] {
  const periods = [...new Set(dates.map((date) => periodStart(date, per)))].sort()
  const streaks: { length: number; last: string }[] = []
  for (const period of periods) {
    const open = streaks.at(-1)
    if (open && period <= periodStart(open.last, per, grace + 1)) {
      open.length++
      open.last = period
    } else streaks.push({ length: 1, last: period })
  }
  return streaks
}

function naiveStreak(dates: readonly string[], streak: Streak, zone: string, at: number): Value {
  const { per, grace, show } = streak
  const streaks = naiveStreaks(dates, streak)
  if (show === 'longest') return Math.max(0, ...streaks.map(({ length }) => length))
  const last = streaks.at(-1)
  const lives = last && naiveDate(zone, at) < periodStart(last.last, per, grace + 2)
  if (show === 'current') return lives ? last.length : 0
  return lives ? firstInstant(periodStart(last.last, per, grace + 2), zone) : null
}

/** The first instant whose local date is this one or later, by the minute. */
function firstInstant(date: string, zone: string): string {
  let low = Date.parse(date) - 2 * DAY_MS
  let high = Date.parse(date) + 2 * DAY_MS
  while (high - low > 60_000) {
    const middle = Math.floor((low + high) / 2 / 60_000) * 60_000
    if (naiveDate(zone, middle) >= date) high = middle
    else low = middle
  }
  return new Date(high).toISOString()
}

const action = (index: number, occurredAt: number): Action => ({
  id: `a-${index}`,
  user: 'u',
  action: 'do',
  occurredAt,
  properties: {},
})

/** Mostly a day or so on, so that streaks come to be; now and then far, or back. */
const step = fc.record({
  ms: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 2 * DAY_MS }) },
    { weight: 2, arbitrary: fc.integer({ min: -10 * DAY_MS, max: 20 * DAY_MS }) },
    { weight: 1, arbitrary: fc.integer({ min: -300 * DAY_MS, max: 300 * DAY_MS }) },
  ),
  reload: fc.boolean(),
})
const story = fc.record({
  start: fc.constantFrom('2026-03-20T12:00Z', '2011-12-20T12:00Z', '2025-12-29T23:30Z', '2024-02-20T00:10Z'),
  steps: fc.array(step, { minLength: 1, maxLength: 30 }),
  later: fc.integer({ min: 0, max: 100 * DAY_MS }),
})

describe.each(ZONES)('in %s', (zone) => {
  const definition = definitionIn(zone)
  const fold = new Fold(definition)

  test('periods and streaks equal sets of local dates, also late, through the store and later', () => {
    fc.assert(
      fc.property(story, ({ start, steps, later }) => {
        let profile: Profile = emptyProfile(definition)
        let at = Date.parse(start)
        const happened: number[] = []
        for (const [index, { ms, reload }] of steps.entries()) {
          at += ms
          happened.push(at)
          const place = { shard: 0, sequence: index + 1, position: 0 }
          fold.apply(profile, action(index, at), place, at, [])
          if (reload) profile = decodeProfile(definition, encodeProfile(definition, profile))
        }
        for (const readAt of [profile.newestAt, profile.newestAt + later]) {
          const { features } = readFeatures(definition, profile, definition.features, readAt)
          const dates = happened.map((instant) => naiveDate(zone, instant))
          for (const { name, period, window } of COUNTED) {
            const contains = window ? naiveContains(zone, parseWindow(window)!, readAt) : () => true
            const inside = happened.filter(contains).map((instant) => naiveDate(zone, instant))
            const expected = new Set(inside.map((date) => periodStart(date, period))).size
            expect([name, features[name]]).toEqual([name, expected])
          }
          for (const streak of STREAKS) {
            const expected = naiveStreak(dates, streak, zone, readAt)
            expect([streak.name, features[streak.name]]).toEqual([streak.name, expected])
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('a condition sees a streak end at its instant, though nothing happens then', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 * DAY_MS }), { minLength: 1, maxLength: 10 }),
        (gaps) => {
          const profile = emptyProfile(definition)
          const effects: Effect[] = []
          let at = Date.parse('2026-03-20T12:00Z')
          const expected: string[] = []
          const dates: string[] = []
          for (const [index, gap] of [0, ...gaps, 400 * DAY_MS].entries()) {
            at += gap
            for (const streak of STREAKS.filter(({ show }) => show === 'endsAt')) {
              const last = naiveStreaks(dates, streak).at(-1)
              if (!last) continue
              const endsAt = firstInstant(periodStart(last.last, streak.per, streak.grace + 2), zone)
              if (Date.parse(endsAt) <= at)
                expected.push(`${endsAt} over_${streak.per}_${streak.grace}_current`)
            }
            dates.push(naiveDate(zone, at))
            fold.apply(
              profile,
              action(index, at),
              { shard: 0, sequence: index + 1, position: 0 },
              at,
              effects,
            )
          }
          const fired = effects.flatMap((effect) =>
            effect.kind === 'decision' ? [`${new Date(effect.at).toISOString()} ${effect.rule}`] : [],
          )
          expect(fired.sort()).toEqual(expected.sort())
        },
      ),
      { numRuns: 30 },
    )
  })
})

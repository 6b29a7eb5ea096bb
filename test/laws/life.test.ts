import fc from 'fast-check'
import { describe, test } from 'vitest'
import type { Action } from '../../src/model/action.ts'
import { Fold } from '../../src/profile/fold.ts'
import { ACTIONS, type Law, lawOf, laws } from './life-plans.ts'
import { LifeUser } from './life-user.ts'
import { type NaiveTransition, SECOND_MS, type Term } from './naive-life.ts'

const HOUR = 3_600
const DAY = 86_400
/** Each begins a little before its clock or its calendar turns. */
const STARTS = {
  'Europe/London': ['2026-11-20T23:50:00Z', '2026-03-29T00:50:00Z', '2026-10-25T00:52:10Z'],
  'America/St_Johns': ['2026-11-01T04:20:00Z', '2026-11-16T03:20:05Z'],
}

const away = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 0, 1, 5) },
  { weight: 4, arbitrary: fc.integer({ min: -200, max: 200 }) },
  fc.integer({ min: -5, max: 5 }).map((near) => near - 2 * HOUR),
  fc.constantFrom(-DAY, -2 * DAY, -3 * DAY, -3 * DAY - 1, -4 * DAY),
)
const pause = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 0, 1, 10) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 90 }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 400 }) },
  fc.integer({ min: 0, max: HOUR }),
)
const step = fc.record({
  kind: fc.oneof({ weight: 3, arbitrary: fc.constant('action' as const) }, fc.constant('tick' as const)),
  user: fc.integer({ min: 0, max: 1 }),
  id: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 3 }),
  name: fc.constantFrom(...ACTIONS),
  /** What `away` counts from. */
  from: fc.constantFrom('now' as const, 'newest' as const, 'clock' as const),
  away,
  /** Seconds since the step before. */
  pause,
  x: fc.constantFrom(-1, 0, 1, 2, 3, 2.5, 'a', null),
  ios: fc.boolean(),
  encodes: fc.boolean(),
  /** Seconds after the clock at which the standing is asked for. */
  peek: fc.integer({ min: 0, max: 300 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function live(law: Law, start: number, ahead: number, story: readonly Step[]): void {
  const fold = new Fold(law.definition)
  const users = ['u0', 'u1'].map((name) => new LifeUser(law, fold, name))
  let now = start + ahead * SECOND_MS
  for (const [index, each] of story.entries()) {
    const user = users[each.user]!
    const place = { shard: 3, sequence: index + 1, position: index % 3 }
    now += each.pause * SECOND_MS
    if (each.kind === 'tick') user.tick(now, place)
    else user.apply(actionOf(each, index, user, start, now), place, now)
    if (each.encodes) user.encode()
    if (user.naive.unclear) return
    user.peek(user.naive.clock + each.peek * SECOND_MS)
  }
}

function actionOf(step: Step, index: number, user: LifeUser, start: number, now: number): Action {
  const { id, name, x, ios } = step
  const { clock, actions } = user.naive
  const from = clock === 0 ? start : { now, clock, newest: actions.newestAt }[step.from]
  const away = clock === 0 ? Math.abs(step.away) % HOUR : step.away
  return {
    ...{ id: id === null ? `fresh${index}` : `i${id}`, user: user.naive.user, action: name },
    occurredAt: from + away * SECOND_MS,
    properties: x === null ? {} : { x },
    ...(ios && { channel: 'ios' }),
  }
}

describe.each(Object.keys(STARTS) as (keyof typeof STARTS)[])('in %s', (zone) => {
  test('stages, timers and decisions equal those of looking at everything again at every second', () => {
    fc.assert(
      fc.property(
        laws(zone),
        fc.constantFrom(...STARTS[zone]).map((text) => Date.parse(text)),
        fc.constantFrom(0, 0, 30, 600, 2 * HOUR),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        (law, start, ahead, story) => {
          live(law, start, ahead, story)
        },
      ),
      { numRuns: 200 },
    )
  })
})

/** What random stories seldom come upon. */
describe('at noon', () => {
  const NOON = Date.parse('2026-11-20T12:00:00Z')
  const noBuys: Term = { cel: 'features.buys_3m == 0', value: is('buys_3m', 0), reads: ['buys_3m'] }
  const noBuysIos: Term = { cel: 'features.buys_ios == 0', value: is('buys_ios', 0), reads: ['buys_ios'] }
  const rule = { name: 'r0', when: noBuys, stream: 'rewards' }
  const nothing = {
    user: 0,
    id: null,
    from: 'now',
    away: 0,
    x: 1,
    ios: true,
    encodes: true,
    peek: 600,
  } as const

  function is(name: string, value: number): Term['value'] {
    return ({ feature }) => feature(name) === value
  }

  function inStage(stage: string): Term {
    return { cel: `stage == '${stage}'`, value: (seen) => seen.stage === stage, reads: [] }
  }

  function lives(stages: string[], transitions: NaiveTransition[], story: Partial<Step>[]): void {
    const law = lawOf('Europe/London', stages, transitions, [rule], 20)!
    const steps = story.map(
      (each) => ({ kind: 'action', name: 'buy', pause: 0, ...nothing, ...each }) as const,
    )
    live(law, NOON, 0, steps)
  }

  test('a guard that fails when its time is up is watched from then on', () => {
    const after = { seconds: 5, since: 'stage' } as const
    lives(['s0', 's1'], [{ from: '*', to: 's1', after, when: noBuys }], [{}, { kind: 'tick', pause: 60 }])
  })

  test('a late action that makes a silence of a time that is already up has its guard watched', () => {
    const dwell = { seconds: 100, since: 'stage' } as const
    const silence = { seconds: 60, since: 'action' } as const
    const transitions: NaiveTransition[] = [
      { from: ['s0'], to: 's1', after: dwell },
      { from: ['s1'], to: 's2', after: silence, when: noBuysIos },
    ]
    const late = { name: 'view', away: -100, pause: 10 }
    lives(['s0', 's1', 's2'], transitions, [
      {},
      { kind: 'tick', pause: 180 },
      late,
      { kind: 'tick', pause: 60 },
    ])
  })

  test('guards that contradict each other are looked at again at every action', () => {
    const transitions = [
      { from: ['s0'], to: 's1', when: inStage('s0') },
      { from: ['s1'], to: 's0', when: inStage('s1') },
    ]
    lives(['s0', 's1'], transitions, [{}, { name: 'call', pause: 1 }, { name: 'call', pause: 1 }])
  })
})

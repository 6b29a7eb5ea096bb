import { expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import type { Definition } from '../../../src/definition/definition.ts'
import { EXPLAIN } from '../../../src/questions/explain.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import { openLocalEngine } from '../../support/local-engine.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const DAY_MS = 86_400_000

function definition(): Definition {
  const compiled = compileDefinition(`
version: 1
features:
  buys: { aggregate: count, action: buy }
  big_7d: { aggregate: count, action: buy, where: "properties.price > 10", window: 7d }
  items_2d: { aggregate: distinct, action: buy, of: object.id, window: 2d }
lifecycle:
  initial: new
  transitions: [{ from: new, to: regular, when: "features.buys >= 2" }]
rules:
  big: { on: buy, when: "features.big_7d >= 1 && stage == 'regular'", badge: true, cooldown: 2d }
  rest: { when: "features.items_2d == 0", badge: true, limit: 1 }
`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

const buy = (id: string, daysAgo: number, price: number, item: string) => ({
  id,
  userId: 'u',
  action: 'buy',
  occurredAt: NOW - daysAgo * DAY_MS,
  object: { id: item },
  properties: { price },
})

async function engineWithBuys() {
  const { engine, send } = await openLocalEngine({ definition: definition(), clock: new SimulatedClock(NOW) })
  await send([buy('a', 9, 50, 'x'), buy('b', 3, 20, 'x'), buy('c', 1, 5, 'x'), buy('d', 0, 30, 'y')])
  return engine
}

test('a feature is explained by the tiles in its window and the newest actions that it counts', async () => {
  const engine = await engineWithBuys()
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'big_7d' })).toMatchObject({
    userId: 'u',
    name: 'big_7d',
    kind: 'feature',
    value: 2,
    definition: { declared: { aggregate: 'count', action: 'buy', window: '7d' } },
    window: { from: '2026-11-14T00:00:00.000Z', to: '2026-11-20T12:00:00.000Z' },
    tiles: [
      { from: '2026-11-17T00:00:00.000Z', value: 1 },
      { from: '2026-11-20T00:00:00.000Z', value: 1 },
    ],
    actions: [{ id: 'd' }, { id: 'b' }],
  })
})

test('a distinct feature shows in which tile each value was last seen', async () => {
  const explained = await (await engineWithBuys()).ask(EXPLAIN, { user: 'u', name: 'items_2d' })
  expect(explained).toMatchObject({
    value: 2,
    tiles: [
      { from: '2026-11-19T00:00:00.000Z', value: 1 },
      { from: '2026-11-20T00:00:00.000Z', value: 1 },
    ],
  })
})

test('a lifetime feature has no tiles, and as of a later instant a window has lost its old ones', async () => {
  const engine = await engineWithBuys()
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'buys' })).toMatchObject({
    value: 4,
    tiles: [],
    window: { from: null },
  })
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'big_7d', at: NOW + 5 * DAY_MS })).toMatchObject({
    value: 1,
    actions: [{ id: 'd' }],
  })
})

test('a rule is explained by its condition, the features it reads, how often it fired and what holds it back', async () => {
  const engine = await engineWithBuys()
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'big' })).toMatchObject({
    kind: 'rule',
    condition: { when: "features.big_7d >= 1 && stage == 'regular'", holds: true, features: { big_7d: 2 } },
    stage: 'regular',
    fired: { times: 2, lastAt: '2026-11-19T12:00:00.000Z' },
    heldBack: 'cooldown',
    actions: [{ id: 'd' }, { id: 'c' }, { id: 'b' }, { id: 'a' }],
  })
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'big', at: NOW + 2 * DAY_MS })).toMatchObject({
    heldBack: null,
  })
})

test('a condition says whether it holds; what time does by then is part of the answer', async () => {
  const engine = await engineWithBuys()
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'rest' })).toMatchObject({
    condition: { holds: false, features: { items_2d: 2 } },
    // It was empty once, between the first and the second purchase.
    fired: { times: 1, lastAt: '2026-11-13T00:00:00.000Z' },
    heldBack: 'limit',
  })
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'rest', at: NOW + 2 * DAY_MS })).toMatchObject({
    condition: { holds: true, features: { items_2d: 0 } },
    fired: { times: 1 },
  })
})

test('as of an instant before something that time did, nothing is explained', async () => {
  const clock = new SimulatedClock(NOW + 3 * DAY_MS)
  const { engine, send } = await openLocalEngine({ definition: definition(), clock })
  await send([buy('a', 0, 50, 'x')])
  const explainEarly = () =>
    engine.ask(EXPLAIN, { user: 'u', name: 'rest', at: NOW + DAY_MS }).then(
      (explained) => explained?.kind,
      ({ code }) => code,
    )
  expect(await explainEarly()).toBe('rule')
  // Two days later nothing was left of the window, and the ticker notices.
  const noticed = () => {
    clock.advance(3_600_000)
    return explainEarly()
  }
  await expect.poll(noticed).toBe('AT_TOO_EARLY')
  // A feature does not depend on what time did: it is explained where a profile is answered.
  expect(await engine.ask(EXPLAIN, { user: 'u', name: 'buys', at: NOW + DAY_MS })).toMatchObject({ value: 1 })
})

test('a name that is neither, an unknown user and an early instant are told apart', async () => {
  const engine = await engineWithBuys()
  await expect(engine.ask(EXPLAIN, { user: 'u', name: 'nothing' })).rejects.toMatchObject({
    code: 'UNKNOWN_FEATURE',
  })
  await expect(engine.ask(EXPLAIN, { user: 'u', name: 'buys', at: NOW - 1 })).rejects.toMatchObject({
    code: 'AT_TOO_EARLY',
  })
  expect(await engine.ask(EXPLAIN, { user: 'nobody', name: 'buys' })).toBeUndefined()
})

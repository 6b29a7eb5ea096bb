import { expect, onTestFinished, test, vi } from 'vitest'
import { definitionOf, openLocalEngine, usersIn } from '../../support/local-engine.ts'

const [ALICE] = usersIn(0, 1) as [string]
const act = (userId: string) => ({ userId, action: 'a' })

test('a long row of records lets sockets and timers have their turn', async () => {
  const RECORDS = 40
  const definition = definitionOf('{ n: { aggregate: count } }')
  const { operator } = definition.series[0]!
  let turn = 0
  const turns = new Set<number>()
  const add: typeof operator.add = (...args) => {
    turns.add(turn)
    return operator.add(...args)
  }
  definition.series[0] = { ...definition.series[0]!, operator: { ...operator, add } }
  const { send } = await openLocalEngine({
    definition,
    log: (real) => ({
      async *follow(shard, after, signal) {
        const held = []
        for await (const records of real.follow(shard, after, signal)) {
          held.push(...records)
          if (held.length >= RECORDS) yield held.splice(0)
        }
      },
    }),
  })
  for (let record = 1; record < RECORDS; record++) await send([act(ALICE)], 'durable')
  let now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10))
  onTestFinished(() => clock.mockRestore())
  let counting = true
  const count = () => {
    turn++
    if (counting) setImmediate(count)
  }
  count()
  await send([act(ALICE)])
  counting = false
  expect(turns.size).toBeGreaterThan(RECORDS / 2)
})

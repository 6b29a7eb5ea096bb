import { expect, onTestFinished, test, vi } from 'vitest'
import { SHARD_STATUS } from '../../../src/questions/shard-status.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
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

test('what is saved during a replay says how far it has come, not that it is of now', async () => {
  const START = Date.parse('2026-11-20T12:00:00Z')
  const HOUR_MS = 3_600_000
  const before = new SimulatedClock(START)
  const first = await openLocalEngine({ clock: before, snapshots: () => ({ commit: async () => {} }) })
  await first.send([act(ALICE)])
  before.advance(HOUR_MS)
  await first.send([act(ALICE)])
  await first.stop()

  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const saved: [offset: number, savedAt: number | undefined][] = []
  const { engine } = await openLocalEngine({
    folder: first.folder,
    clock: new SimulatedClock(START + 2 * HOUR_MS),
    log: (real) => ({
      async *follow(shard, after, signal) {
        for await (const records of real.follow(shard, after, signal)) {
          for (const record of records) {
            await gates[record.sequence - 1]!.promise
            yield [record]
          }
        }
      },
    }),
    snapshots: (real) => ({
      isShared: true,
      commit: async (shard, commit) => {
        if (commit.offset !== undefined) saved.push([commit.offset, commit.savedAt])
        return real.commit(shard, commit)
      },
    }),
  })
  const saveAt = async (sequence: number) => {
    gates[sequence - 1]?.resolve()
    await expect.poll(async () => (await engine.ask(SHARD_STATUS, {}))[0]!.applied).toBe(sequence)
    await engine.save(0)
    return saved.at(-1)
  }
  expect(await saveAt(0)).toBe(undefined)
  expect(await saveAt(1)).toEqual([1, START])
  expect(await saveAt(1)).toEqual([1, START])
  expect(await saveAt(2)).toEqual([2, START + 2 * HOUR_MS])
})

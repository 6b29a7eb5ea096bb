import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { TurnBudget } from '../../../src/runtime/turn-budget.ts'

const busyFor = (milliseconds: number) => {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

test('work goes on in this turn while the turn has time left', async () => {
  const budget = new TurnBudget(10_000)
  let isNextTurn = false
  setImmediate(() => {
    isNextTurn = true
  })
  for (let piece = 0; piece < 3; piece++) await budget.run(() => {})
  expect(isNextTurn).toBe(false)
})

test('work past the budget waits, in its order, and a turn takes as much of it as fits', async () => {
  const budget = new TurnBudget(5)
  const turns: number[] = []
  const done: number[] = []
  let turn = 0
  let isOver = false
  const count = async () => {
    while (!isOver) {
      await nextTurn()
      turn++
    }
  }
  const counting = count()
  const work = (name: number) =>
    budget.run(() => {
      busyFor(6)
      done.push(name)
      turns.push(turn)
    })
  await Promise.all([1, 2, 3, 4].map(work))
  isOver = true
  await counting
  expect(done).toEqual([1, 2, 3, 4])
  // Each piece spends the budget of its turn, so no two of them share one.
  expect(new Set(turns).size).toBe(4)
})

test('short pieces that waited share a turn', async () => {
  const budget = new TurnBudget(200)
  await budget.run(() => busyFor(201))
  let turn = 0
  const turns: number[] = []
  const work = () => budget.run(() => turns.push(turn))
  const all = Promise.all([work(), work(), work()])
  await nextTurn()
  turn++
  await all
  expect(turns).toHaveLength(3)
  expect(new Set(turns).size).toBe(1)
})

test('every turn does some of the work, however slow the machine is', async () => {
  const budget = new TurnBudget(5)
  let now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10))
  onTestFinished(() => clock.mockRestore())
  let done = 0
  await Promise.all(Array.from({ length: 20 }, () => budget.run(() => void done++)))
  expect(done).toBe(20)
})

test('work that has to wait gives its result, or its error, when it is done', async () => {
  const budget = new TurnBudget(5)
  await budget.run(() => busyFor(6))
  const results = [
    budget.run(() => 'done'),
    budget.run(async () => 'done later'),
    budget.run(() => {
      throw new Error('refused')
    }),
  ]
  expect(await Promise.allSettled(results)).toMatchObject([
    { value: 'done' },
    { value: 'done later' },
    { reason: { message: 'refused' } },
  ])
})

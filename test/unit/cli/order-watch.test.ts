import { expect, test } from 'vitest'
import { OrderWatch } from '../../../src/cli/import/order-watch.ts'
import { emptyTally } from '../../../src/cli/import/tally.ts'

const DAY_MS = 86_400_000

function watchOf(historyWaitMs = Infinity, usersMax = 10) {
  const told: string[] = []
  const watch = new OrderWatch(historyWaitMs, (text) => told.push(text), usersMax)
  const tally = emptyTally()
  let row = 0
  const send = (user: string, occurredAt: unknown, answeredMs = 0) => {
    watch.entered(++row, row, { user, action: { occurredAt } })
    watch.answered(row, answeredMs)
    watch.passed(row, tally)
  }
  return { watch, tally, told, send }
}

test('rows that are older than one of the same user before are counted, and the first is told of', () => {
  const { tally, told, send } = watchOf()
  for (const day of [5, 2, 3, 6]) send('a', day * DAY_MS)
  send('b', '1970-01-02T00:00:00Z')
  send('b', 0)
  expect(tally.outOfOrder).toEqual({ rows: 3, users: 2, longestMs: 3 * DAY_MS })
  expect(told).toEqual([expect.stringContaining('Row 2 is 3 days older')])
})

test('rows in order per user are none, whatever the order between users, nor rows of one time', () => {
  const { tally, told, send } = watchOf()
  for (const [user, at] of [
    ['a', 9],
    ['b', 1],
    ['a', 9],
    ['b', 5],
    ['b', undefined],
    ['', 1],
  ] as const)
    send(user, at)
  expect([tally.outOfOrder.rows, told]).toEqual([0, []])
})

test('rows are late whose user was answered longer ago than historyWait', () => {
  const { tally, send } = watchOf(1_000)
  send('a', 1, 0)
  send('b', 1, 1_001)
  send('a', 2, 1_000)
  expect(tally.paused.rows).toBe(0)
  send('a', 3, 3_500)
  send('a', 4, 6_000)
  expect(tally.paused).toEqual({ rows: 2, users: 1, longestMs: 2_500 })
})

test('rows count only when they are done', () => {
  const { watch, tally } = watchOf()
  watch.entered(1, 1, { user: 'a', action: { occurredAt: 2 } })
  watch.entered(2, 2, { user: 'a', action: { occurredAt: 1 } })
  expect(tally.outOfOrder.rows).toBe(0)
  watch.passed(1, tally)
  watch.passed(2, tally)
  expect(tally.outOfOrder.rows).toBe(1)
})

test('users beyond the bound are not watched', () => {
  const { tally, send } = watchOf(Infinity, 1)
  for (const user of ['a', 'b']) for (const at of [2, 1]) send(user, at)
  expect(tally.outOfOrder).toMatchObject({ rows: 1, users: 1 })
})

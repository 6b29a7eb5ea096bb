import { describe, expect, test } from 'vitest'
import { type Entry, Lanes } from '../../../src/cli/import/sending/lanes.ts'

const BOUNDS = { lanes: 4, rowsMax: 5, charactersMax: 1_000 }

function entry(row: number, line = 'x'): Entry {
  return { row, line, source: { number: row, row: {} } }
}

describe('lanes', () => {
  test('keep the rows of each user in order, though later requests may be answered first', async () => {
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`)
    const arrived: number[] = []
    let underWay = 0
    let underWayMost = 0
    const held: (() => void)[] = []
    const lanes = new Lanes({
      ...BOUNDS,
      async send(batch) {
        underWayMost = Math.max(underWayMost, ++underWay)
        const { promise, resolve } = Promise.withResolvers<void>()
        held.push(resolve)
        await promise
        underWay--
        arrived.push(...batch.map(({ row }) => row))
      },
    })
    for (let row = 0; row < 400; row++) lanes.offer(users[row % 20]!, entry(row))
    lanes.start()
    while (!lanes.idle) {
      const next = lanes.progress()
      // The newest request is answered first.
      held.pop()!()
      await next
    }
    expect(underWayMost).toBe(4)
    expect(arrived).toHaveLength(400)
    for (let user = 0; user < 20; user++) {
      const rows = arrived.filter((row) => row % 20 === user)
      expect(rows).toEqual(rows.toSorted((a, b) => a - b))
    }
  })

  test('send what came meanwhile in one batch, within its bounds', async () => {
    const sizes: number[] = []
    const lanes = new Lanes({
      ...BOUNDS,
      async send(batch) {
        sizes.push(batch.length)
      },
    })
    for (let row = 0; row < 7; row++) lanes.offer('one', entry(row))
    lanes.offer('one', entry(7, 'x'.repeat(999)))
    lanes.offer('one', entry(8, 'x'.repeat(5_000)))
    lanes.start()
    while (!lanes.idle) await lanes.progress()
    expect(sizes).toEqual([5, 2, 1, 1])
  })

  test('stop all of them when one fails, and say why', async () => {
    const lanes = new Lanes({ ...BOUNDS, send: () => Promise.reject(new Error('refused')) })
    lanes.offer('one', entry(1))
    lanes.start()
    await expect(lanes.progress()).rejects.toThrow('refused')
    expect(() => lanes.throwFailure()).toThrow('refused')
  })
})

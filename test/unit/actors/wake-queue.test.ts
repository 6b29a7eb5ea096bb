import { expect, test } from 'vitest'
import { WakeQueue } from '../../../actors/time/wake-queue.ts'
import type { HotUser } from '../../../actors/users/hot-user.ts'
import type { SnapshotStore, Wake } from '../../../src/snapshots/snapshot-store.ts'

/** The part of a snapshot store that the queue reads: an index that stays as it is. */
function index(wakes: Wake[]): SnapshotStore & { reads: number } {
  const sorted = wakes.toSorted((a, b) => a.wakeAt - b.wakeAt || (a.user < b.user ? -1 : 1))
  const store = {
    reads: 0,
    async wakes(_shard: number, after: Wake | undefined, until: number, limit: number) {
      store.reads++
      const isBehind = ({ wakeAt, user }: Wake) =>
        !after || wakeAt > after.wakeAt || (wakeAt === after.wakeAt && user > after.user)
      return sorted.filter((wake) => isBehind(wake) && wake.wakeAt <= until).slice(0, limit)
    },
  }
  return store as unknown as SnapshotStore & { reads: number }
}

const hot = (name: string, wakeAt: number) =>
  ({ name, profile: { standing: { wakeAt } }, queuedAt: Number.POSITIVE_INFINITY }) as HotUser

function takeAll(queue: WakeQueue, now: number): string[] {
  const users: string[] = []
  for (let wake = queue.take(now); wake; wake = queue.take(now)) users.push(wake.user)
  return users
}

test('users are given in the order of their time, and none before it', async () => {
  const queue = new WakeQueue(0, index([5, 3, 9, 1, 7].map((wakeAt) => ({ wakeAt, user: `u${wakeAt}` }))))
  await queue.refill(0, [])
  expect(takeAll(queue, 0)).toEqual([])
  expect(takeAll(queue, 5)).toEqual(['u1', 'u3', 'u5'])
  expect(queue.next(5)).toBe(7)
  expect(takeAll(queue, 100)).toEqual(['u7', 'u9'])
})

test('the far future stays in the index until it comes near', async () => {
  const store = index([
    { wakeAt: 9_000, user: 'near' },
    { wakeAt: 14_000, user: 'far' },
  ])
  const queue = new WakeQueue(0, store)
  await queue.refill(0, [])
  expect(takeAll(queue, 14_000)).toEqual(['near'])
  await queue.refill(4_000, [])
  expect(store.reads).toBe(1)
  expect(queue.next(4_000)).toBe(5_000)
  await queue.refill(5_000, [])
  expect(takeAll(queue, 14_000)).toEqual(['far'])
})

test('a user that changes enters by itself where its time is near, and says so where it is the first', async () => {
  const queue = new WakeQueue(0, index([{ wakeAt: 100, user: 'a' }]))
  await queue.refill(0, [])
  expect([queue.changed(hot('b', 200)), queue.changed(hot('c', 50))]).toEqual([false, true])
  expect(queue.changed(hot('never', Number.POSITIVE_INFINITY))).toBe(false)
  expect(takeAll(queue, 1_000)).toEqual(['c', 'a', 'b'])
})

test('a user whose time moves on and on has one entry; one whose time comes nearer is taken then', async () => {
  const queue = new WakeQueue(0, index([]))
  await queue.refill(0, [])
  const user = hot('u', 100)
  for (let wakeAt = 100; wakeAt < 200; wakeAt++) {
    user.profile!.standing!.wakeAt = wakeAt
    queue.changed(user)
  }
  expect(takeAll(queue, 1_000)).toEqual(['u'])
  user.profile!.standing!.wakeAt = 50
  expect(queue.changed(user)).toBe(true)
  expect(takeAll(queue, 50)).toEqual(['u'])
})

test('a change that the index does not show yet is not overlooked when its time comes near', async () => {
  const queue = new WakeQueue(0, index([]))
  await queue.refill(0, [])
  const unsaved = hot('u', 12_000)
  expect(queue.changed(unsaved)).toBe(false)
  await queue.refill(6_000, [unsaved])
  expect(takeAll(queue, 12_000)).toEqual(['u'])
})

test('thousands that are due at one instant come page by page, each once', async () => {
  const users = Array.from({ length: 2_500 }, (_, number) => `u${number}`)
  const store = index(users.map((user) => ({ wakeAt: 1, user })))
  const queue = new WakeQueue(0, store)
  const taken: string[] = []
  for (let round = 0; taken.length < users.length && round < 10; round++) {
    expect(queue.next(10)).toBeLessThanOrEqual(10)
    await queue.refill(10, [])
    taken.push(...takeAll(queue, 10))
  }
  expect(taken.toSorted()).toEqual(users.toSorted())
  expect(queue.next(10)).toBeGreaterThan(10)
})

test('a queue that is full for now is looked at when its first user is due, not all the time', async () => {
  const users = Array.from({ length: 2_500 }, (_, number) => ({ wakeAt: 5_000 + number, user: `u${number}` }))
  const queue = new WakeQueue(0, index(users))
  await queue.refill(0, [])
  expect(queue.next(0)).toBe(5_000)
})

test('users that could not be woken are there again', async () => {
  const queue = new WakeQueue(0, index([{ wakeAt: 1, user: 'u' }]))
  await queue.refill(2, [])
  queue.putBack([queue.take(2)!])
  expect(queue.take(2)).toEqual({ wakeAt: 1, user: 'u' })
})

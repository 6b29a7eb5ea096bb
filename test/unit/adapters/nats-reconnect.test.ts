import { expect, onTestFinished, test, vi } from 'vitest'
import { reconnecting } from '../../../src/adapters/nats/connection/nats-reconnect.ts'

type Pick = Exclude<ReturnType<typeof reconnecting>['reconnectToServer'], undefined>
type Servers = Parameters<Pick>[0]

test('each server is tried at once, and then a few times a second, whatever the clock on the wall says', () => {
  let now = 5_000
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => clock.mockRestore())
  const { reconnectDelayHandler, reconnectToServer } = reconnecting()
  const [a, b] = ['a', 'b'].map((listen) => ({ listen })) as unknown as [Servers[0], Servers[0]]
  const delayOf = (...servers: Servers[number][]) => {
    const picked = reconnectToServer!(servers as Servers, null) as { server: unknown; delay: number }
    expect(picked.server).toBe(servers[0])
    return picked.delay
  }
  // The client's own pause never keeps a server from being tried.
  expect(Date.now() + 3_600_000 + reconnectDelayHandler!()).toBeLessThan(Date.now())
  expect(delayOf(a, b)).toBe(0)
  expect(delayOf(b, a)).toBe(0)
  const again = delayOf(a, b)
  expect(again).toBeGreaterThanOrEqual(200)
  expect(again).toBeLessThan(300)
  // The try before it is still to come.
  expect(delayOf(a, b)).toBeGreaterThanOrEqual(400)
  now += 1_000
  expect(delayOf(a, b)).toBe(0)
  // A server that left is forgotten.
  expect(delayOf(b)).toBe(0)
  expect(delayOf(a, b)).toBe(0)
})

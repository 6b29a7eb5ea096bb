import { randomBytes } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import {
  isPart,
  MESSAGE_BYTES_MAX,
  MessageAssembly,
  partsOf,
} from '../../../src/adapters/nats/rpc/message-parts.ts'

const BYTES_MAX = 5 * MESSAGE_BYTES_MAX
const WAIT_MS = 1_000
const message = randomBytes(3 * MESSAGE_BYTES_MAX)
const parts = (number: number) => [...partsOf(message, number)]
const openAssembly = () => new MessageAssembly(BYTES_MAX, WAIT_MS)

afterEach(() => {
  vi.useRealTimers()
})

/** For each whole message that came out: whether it is the one. */
function addAll(assembly: MessageAssembly, from: string, all: readonly Uint8Array[]): boolean[] {
  const wholes = all.map((part) => assembly.add(from, part)).filter((whole) => whole !== undefined)
  return wholes.map((whole) => message.equals(whole))
}

test('a message comes out of its parts as it was, and no part is larger than a message may be', () => {
  const all = parts(1)
  expect(all.every(isPart)).toBe(true)
  expect(Math.max(...all.map(({ length }) => length))).toBe(MESSAGE_BYTES_MAX)
  expect(addAll(openAssembly(), 'a', all)).toEqual([true])
})

test('parts of several senders may come by turns', () => {
  const assembly = new MessageAssembly(2 * BYTES_MAX, WAIT_MS)
  const all = parts(1)
  const wholes = all.flatMap((part) => ['a', 'b'].flatMap((from) => addAll(assembly, from, [part])))
  expect(wholes).toEqual([true, true])
})

test('a message that misses a part never comes out; the next one does', () => {
  const all = parts(1)
  for (const missing of all.keys()) {
    const assembly = openAssembly()
    expect(addAll(assembly, 'a', all.toSpliced(missing, 1))).toEqual([])
    expect(addAll(assembly, 'a', parts(2))).toEqual([true])
  }
})

test('the end of one message does not complete another', () => {
  const assembly = openAssembly()
  expect(addAll(assembly, 'a', [...parts(1).slice(0, 2), ...parts(2).slice(2)])).toEqual([])
})

test('a message that is not complete in time is forgotten', () => {
  vi.useFakeTimers()
  const assembly = openAssembly()
  const all = parts(1)
  addAll(assembly, 'late', all.slice(0, -1))
  vi.advanceTimersByTime(WAIT_MS)
  expect(addAll(assembly, 'late', all.slice(-1))).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
  addAll(assembly, 'in time', all.slice(0, -1))
  vi.advanceTimersByTime(WAIT_MS - 1)
  expect(addAll(assembly, 'in time', all.slice(-1))).toEqual([true])
  expect(vi.getTimerCount()).toBe(0)
})

test('past the bound on bytes the oldest is forgotten, and its bytes no longer count', () => {
  const assembly = openAssembly()
  const all = parts(1)
  for (const from of ['a', 'b', 'c']) addAll(assembly, from, all.slice(0, 2))
  expect(addAll(assembly, 'a', all.slice(2))).toEqual([])
  expect(addAll(assembly, 'b', all.slice(2))).toEqual([true])
  expect(addAll(assembly, 'c', all.slice(2))).toEqual([true])
  expect(addAll(assembly, 'd', all)).toEqual([true])
})

test('what is no part is refused', () => {
  expect(() => openAssembly().add('a', new Uint8Array([0xc1, 0, 0]))).toThrow('a part without content')
})

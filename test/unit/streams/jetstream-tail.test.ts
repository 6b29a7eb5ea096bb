import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Msg } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import type { StoredMessage } from '../../../src/adapters/nats/jetstream/jetstream-reader.ts'
import { JetStreamTail } from '../../../src/adapters/nats/streams/jetstream-tail.ts'
import { recordingLogger } from '../../support/api.ts'

const SUBJECT = { stream: 'streams', filter: 'p.stream.s.*' }

/** A tail whose reader brings what the test hands it, and begins anew when the test says so. */
function opened(newest: number, dropped: { upTo: number; known?: Promise<void> }) {
  let opened = () => {}
  let handOver = (_: StoredMessage[]) => {}
  const begun: number[] = []
  const reader = {
    async *read(_: unknown, after: number, signal: AbortSignal, onOpened = () => {}) {
      begun.push(after)
      opened = onOpened
      while (!signal.aborted) {
        yield await new Promise<StoredMessage[]>((resolve) => {
          handOver = resolve
        })
      }
    },
  }
  const places = {
    newest: async () => newest,
    droppedUpTo: async () => {
      await dropped.known
      return dropped.upTo
    },
  }
  const tail = new JetStreamTail(reader, SUBJECT, places, recordingLogger([]))
  onTestFinished(() => tail.end())
  const bring = async (...sequences: number[]) => {
    const data = Buffer.from('{}')
    handOver(
      sequences.map((sequence) => ({
        sequence,
        message: { subject: 'p.stream.s.1', data } as unknown as Msg,
      })),
    )
    await nextTurn()
  }
  return { tail, begun, open: () => opened(), bring }
}

const numbers = (tail: JetStreamTail, after: number) => tail.read(after, 9).map(({ number }) => number)

test('begins above what was dropped, where nothing newer is held', async () => {
  const { tail, begun, open } = opened(3, { upTo: 8 })
  await expect.poll(() => begun).toEqual([8])
  open()
  expect(tail.start).toBe(8)
})

test('a reader that began anew after items had gone that it never brought is trusted from there on only', async () => {
  const dropped = { upTo: 0 }
  const { tail, begun, open, bring } = opened(5, dropped)
  await expect.poll(() => begun).toEqual([5])
  open()
  await bring(6, 7)
  expect([tail.start, numbers(tail, 5)]).toEqual([5, [6, 7]])
  dropped.upTo = 20
  open()
  // Until it is known what has gone, nobody reads on from here.
  expect(tail.start).toBeUndefined()
  await bring(21, 22)
  await expect.poll(() => tail.start).toBe(20)
  expect(numbers(tail, 20)).toEqual([21, 22])
})

test('a reader that began anew and has missed nothing goes on with what is kept', async () => {
  let answer = () => {}
  const dropped: { upTo: number; known?: Promise<void> } = { upTo: 4 }
  const { tail, begun, open, bring } = opened(5, dropped)
  await expect.poll(() => begun).toEqual([5])
  open()
  await bring(6)
  dropped.known = new Promise<void>((resolve) => {
    answer = resolve
  })
  open()
  await bring(7)
  expect(tail.start).toBeUndefined()
  answer()
  await expect.poll(() => tail.start).toBe(5)
  expect(numbers(tail, 5)).toEqual([6, 7])
})

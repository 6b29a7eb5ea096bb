// What a node answers when an answer cannot be sent: never that nothing was done.
import { expect, test } from 'vitest'
import { NatsRpcPeer } from '../../../src/adapters/nats/rpc/nats-rpc-peer.ts'
import type { NatsRpcPublisher } from '../../../src/adapters/nats/rpc/nats-rpc-publisher.ts'
import { decodeMessages } from '../../../src/calls/call-codec.ts'
import type { Answer } from '../../../src/calls/call-protocol.ts'
import { LIMITS } from '../../../src/limits.ts'

/** The answer as the other side reads it. */
function sent(answer: Answer, isFull: boolean): unknown {
  const messages: Uint8Array[] = []
  const link = new NatsRpcPeer('other', { isFull } as NatsRpcPublisher, (items) => messages.push(...items))
  link.answer(answer)
  link.flush()
  return decodeMessages(messages[0]!)[0]
}

const LOST = { id: 7, error: { code: 'PEER_LOST', retryAfterSeconds: 1 } }

test('where no more can be sent, it is told that the call may have been done', () => {
  expect(sent({ id: 7, result: 'taken' }, true)).toMatchObject(LOST)
  expect(sent({ id: 7, result: 'taken' }, false)).toEqual({ id: 7, result: 'taken' })
})

test('so it is for an answer that is too large', () => {
  expect(sent({ id: 7, result: new Uint8Array(LIMITS.nodeCallBytesMax) }, false)).toMatchObject(LOST)
})

test('a refusal stays one, also where no more can be sent', () => {
  const refusal: Answer = { id: 7, error: { code: 'OVERLOADED', message: 'too much' } }
  expect(sent(refusal, true)).toEqual(refusal)
})

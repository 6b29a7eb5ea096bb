// What a node answers when an answer cannot be sent: never that nothing was done.
import { expect, test } from 'vitest'
import { decodeMessages } from '../../../actors/call-codec.ts'
import type { Answer } from '../../../actors/call-protocol.ts'
import { NodeLink } from '../../../actors/node-link.ts'
import type { NodePublisher } from '../../../actors/node-publisher.ts'
import { LIMITS } from '../../../src/limits.ts'

/** The answer as the other side reads it. */
function sent(answer: Answer, isFull: boolean): unknown {
  const messages: Uint8Array[] = []
  const link = new NodeLink('other', { isFull } as NodePublisher, (items) => messages.push(...items))
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

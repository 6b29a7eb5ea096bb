import { expect, test } from 'vitest'
import { checkStoreIdentity } from '../../../src/model/store-identity.ts'

const identity = { format: 1, shards: 16, hashVersion: 1, streams: 2 }

function mismatch(wanted: Partial<typeof identity>): unknown {
  const store = { get: () => identity, putSync: () => {} }
  try {
    checkStoreIdentity(store, { ...identity, ...wanted }, 'the stream x')
    return undefined
  } catch (error) {
    return error
  }
}

test('a store of the same identity is taken', () => {
  expect(mismatch({})).toBeUndefined()
})

test('a store made with other settings is refused, and the message names each setting', () => {
  expect(mismatch({ shards: 8, streams: 5 })).toMatchObject({
    code: 'STORE_MISMATCH',
    message:
      'the data in the stream x was made with other settings: ' +
      'shards is 16, wanted 8 by PULSEPRINT_SHARDS; streams is 2, wanted 5 by PULSEPRINT_LOG_STREAMS',
  })
  expect(mismatch({ format: 2 })).toMatchObject({
    message: expect.stringMatching(/format is 1, wanted 2 by this program$/),
  })
})

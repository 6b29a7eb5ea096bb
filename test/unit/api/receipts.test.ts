import { expect, test } from 'vitest'
import { statusOf, writeReceipts } from '../../../api/receipts.ts'
import { type Batch, OUTCOME, type Submitted } from '../../../src/ingest/batch.ts'

const bytes = new Uint8Array()
const batch: Batch = {
  chunks: [
    { shard: 12, count: 2, bytes },
    { shard: 3, count: 1, bytes },
  ],
  items: [
    { id: 'a "quoted" id', chunk: 0, position: 0 },
    { id: 'b', chunk: 1, position: 0 },
    {
      id: null,
      chunk: -1,
      position: -1,
      error: { code: 'INVALID_ACTION', path: '/2/action', message: 'is required' },
    },
    { id: 'c', chunk: 0, position: 1 },
    { id: 'd', chunk: 1, position: 1 },
  ],
}
const submitted: Submitted = {
  sequences: [88123, 17],
  outcomes: [
    [OUTCOME.accepted, OUTCOME.tooLate],
    [OUTCOME.duplicate, OUTCOME.refused],
  ],
  effects: [[], []],
}

test('receipts come in the order of the items, each with the shard and sequence of its chunk', () => {
  const receipts = writeReceipts(batch, submitted, undefined)
  expect(JSON.parse(receipts.json)).toEqual({
    receipts: [
      { id: 'a "quoted" id', status: 'accepted', shard: 12, sequence: 88123 },
      { id: 'b', status: 'duplicate', shard: 3, sequence: 17 },
      {
        id: null,
        status: 'rejected',
        error: { code: 'INVALID_ACTION', path: '/2/action', message: 'is required' },
      },
      {
        id: 'c',
        status: 'rejected',
        shard: 12,
        sequence: 88123,
        error: { code: 'TOO_LATE', path: '/3/occurredAt', message: expect.stringContaining('latenessLimit') },
      },
      {
        id: 'd',
        status: 'refused',
        shard: 3,
        sequence: 17,
        error: { code: 'REFUSED', path: '/4', message: expect.stringContaining('guard') },
      },
    ],
  })
  expect(receipts).toMatchObject({ accepted: 1, duplicate: 1, rejected: 2, refused: 1 })
})

test('further members are put on accepted receipts only', () => {
  const { json } = writeReceipts(batch, submitted, (index) => `,"features":{"purchases":${index}}`)
  const { receipts } = JSON.parse(json)
  expect(receipts[0].features).toEqual({ purchases: 0 })
  expect(receipts[1].features).toBeUndefined()
  expect(receipts[3].features).toBeUndefined()
})

test('the status is 200 without rejections, 207 with some, 422 when all were wrong, 400 when all were unreadable', () => {
  const counts = { json: '', accepted: 0, duplicate: 0, rejected: 0, refused: 0, unreadable: true }
  expect(statusOf(counts)).toBe(200)
  expect(statusOf({ ...counts, accepted: 1 })).toBe(200)
  expect(statusOf({ ...counts, duplicate: 1, rejected: 1 })).toBe(207)
  expect(statusOf({ ...counts, refused: 1 })).toBe(200)
  expect(statusOf({ ...counts, refused: 1, rejected: 1, unreadable: false })).toBe(207)
  expect(statusOf({ ...counts, rejected: 2, unreadable: false })).toBe(422)
  expect(statusOf({ ...counts, rejected: 2 })).toBe(400)
})

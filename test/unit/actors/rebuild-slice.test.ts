import { expect, test } from 'vitest'
import { HASH_END, RebuildSlice } from '../../../actors/rebuild/rebuild-slice.ts'
import { encodeChunk, encodeRecord, encodeTick } from '../../../src/ingest/records.ts'
import type { LogRecord } from '../../../src/log/action-log.ts'
import { Fold } from '../../../src/profile/fold.ts'
import { LIST, listOf } from '../../../src/profile/profile.ts'
import { definitionOf } from '../../support/local-engine.ts'

const definition = definitionOf('{ n: { aggregate: count } }')
const fold = new Fold(definition)
const AT = Date.parse('2026-11-20T09:30:00.000Z')

/**
 * Each record holds two actions of each of its users, and a tick for somebody unknown follows it.
 */
function recordsOf(users: readonly string[], length: number): LogRecord[] {
  const records: LogRecord[] = []
  for (let at = 0; at < users.length; at += length) {
    const actions = users
      .slice(at, at + length)
      .flatMap((user) =>
        [1, 2].map((n) => ({ id: `${user}-${n}`, user, action: 'a', occurredAt: AT, properties: {} })),
      )
    records.push({
      sequence: records.length + 1,
      payload: encodeRecord(AT, 1, actions.length, [encodeChunk(actions)]),
    })
    records.push({ sequence: records.length + 1, payload: encodeTick(AT, 1, ['nobody']) })
  }
  return records
}

test('slices hold no more users than they may, and together each user once, with all its actions', () => {
  const users = Array.from({ length: 1_000 }, (_, index) => `u${index}`)
  const records = recordsOf(users, 30)
  const seen = new Map<string, unknown>()
  let [from, length, passes] = [0, HASH_END, 0]
  while (from < HASH_END) {
    const slice = new RebuildSlice(0, fold, from, Math.min(from + length, HASH_END), 100)
    passes++
    for (const record of records) {
      slice.fold(record)
      expect(slice.profiles.size).toBeLessThanOrEqual(100)
    }
    expect(slice.sequence).toBe(records.length)
    for (const [user, profile] of slice.profiles) {
      expect(seen.has(user)).toBe(false)
      seen.set(user, listOf(definition, profile, LIST.timeline).length / 2)
    }
    length = slice.to - slice.from
    from = slice.to
  }
  expect([...seen.keys()].sort()).toEqual([...users].sort())
  expect(new Set(seen.values())).toEqual(new Set([2]))
  expect(passes).toBeGreaterThan(9)
  expect(passes).toBeLessThan(40)
})

test('a closed slice goes on with its users and takes no more', () => {
  const [first, , second] = recordsOf(['a', 'b'], 1) as [LogRecord, LogRecord, LogRecord]
  const slice = new RebuildSlice(0, fold, 0, HASH_END, 100)
  slice.fold(first)
  slice.close()
  slice.fold(second)
  slice.fold({ ...recordsOf(['a'], 1)[0]!, sequence: 9 })
  expect([...slice.profiles.keys()]).toEqual(['a'])
  expect(slice.profiles.get('a')?.sequence).toBe(9)
})

import { expect, test } from 'vitest'
import { hash53, shardOf } from '../../../src/model/hash.ts'

const KNOWN: [text: string, hash: number, of16: number, of12: number][] = [
  ['', 7018158843484305, 1, 9],
  ['a', 1841613439531067, 11, 11],
  ['ab', 2396801819056548, 4, 0],
  ['u-17', 4843409989568911, 15, 7],
  ['anonymous:a-93', 4125061990415278, 14, 10],
  ['Zoë 😀', 6919631722335095, 7, 11],
]

test.each(KNOWN)(
  'the hash and shard of %j are what they were in version 1, for ever',
  (text, hash, of16, of12) => {
    expect(hash53(text)).toBe(hash)
    expect(shardOf(text, 16)).toBe(of16)
    expect(shardOf(text, 12)).toBe(of12)
  },
)

test('a million numbered ids have a million hashes, all below 2^53', () => {
  const hashes = new Set(Array.from({ length: 1_000_000 }, (_, index) => hash53(`user-${index}`)))
  expect(hashes.size).toBe(1_000_000)
  expect([...hashes].every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true)
})

test.each([7, 16, 256])('numbered ids spread evenly over %i shards', (shards) => {
  const perShard = new Array<number>(shards).fill(0)
  for (let index = 0; index < shards * 1_000; index += 1) perShard[shardOf(`u${index}`, shards)]! += 1
  // Five standard deviations of a fair throw of 1,000 per shard.
  for (const users of perShard) expect(Math.abs(users - 1_000)).toBeLessThan(160)
})

test('changing one character changes about half of the hash bits', () => {
  let changed = 0n
  for (let index = 0; index < 1_000; index += 1) {
    let difference = BigInt(hash53(`id-${index}-x`)) ^ BigInt(hash53(`id-${index}-y`))
    for (; difference > 0n; difference >>= 1n) changed += difference & 1n
  }
  expect(Number(changed) / 1_000).toBeGreaterThan(25.5)
  expect(Number(changed) / 1_000).toBeLessThan(27.5)
})

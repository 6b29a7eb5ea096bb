// Hashes that are stored and therefore never change: the shard of a user, and the fingerprints of
// counted values. Not cryptographic. A change here is a new HASH_VERSION and a migration of every
// log.

/** Version of `hash53` and `shardOf`, stored with the log and checked at start. */
export const HASH_VERSION = 1

/** One block into one 32-bit lane: MurmurHash3_x86_32 by Austin Appleby (public domain). */
function mixBlock(lane: number, block: number, first: number, second: number): number {
  let k = Math.imul(block, first)
  k = Math.imul((k << 15) | (k >>> 17), second)
  const mixed = lane ^ k
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

/** Its finalizer (fmix32): every bit of the input reaches every bit of the output. */
function finish(lane: number): number {
  let mixed = lane ^ (lane >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/**
 * Hash of a text's UTF-16 units, two units to a block, in two murmur3 lanes with the constants of
 * the 32-bit and of the four-lane 128-bit variant.
 * @returns an integer from 0 to 2^53 - 1
 */
export function hash53(text: string): number {
  const length = text.length
  let low = 0
  let high = 0x9747b28c
  let at = 0
  for (; at + 1 < length; at += 2) {
    const block = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
    low = mixBlock(low, block, 0xcc9e2d51, 0x1b873593)
    high = mixBlock(high, block, 0x239b961b, 0xab0e9789)
  }
  if (at < length) {
    const block = text.charCodeAt(at)
    low = mixBlock(low, block, 0xcc9e2d51, 0x1b873593)
    high = mixBlock(high, block, 0x239b961b, 0xab0e9789)
  }
  // As in the 128-bit variant: the lanes meet before and after the finalizer.
  low ^= length
  high ^= length
  low = (low + high) | 0
  high = (high + low) | 0
  low = finish(low)
  high = finish(high)
  low = (low + high) | 0
  high = (high + low) | 0
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0)
}

/** The shard a user lives in, 0 to `shards - 1`; the same on every node and for ever. */
export function shardOf(user: string, shards: number): number {
  return hash53(user) % shards
}

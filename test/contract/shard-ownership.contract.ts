// What every adapter of the shard ownership port must do.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ShardOwnership } from '../../src/ownership/shard-ownership.ts'

export function shardOwnershipContract(name: string, open: () => Promise<ShardOwnership>): void {
  const opened = async () => {
    const ownership = await open()
    onTestFinished(() => ownership.close().catch(() => {}))
    return ownership
  }

  describe(`shard ownership: ${name}`, () => {
    test('knows no owner of a shard that was never claimed', async () => {
      expect((await opened()).ownerOf(3)).toBeUndefined()
    })

    test('names this node as the owner after a claim, under an epoch above the given one', async () => {
      const ownership = await opened()
      const epoch = await ownership.claim(3, 41)
      expect(epoch).toBeGreaterThan(41)
      expect(ownership.ownerOf(3)).toEqual({ ...ownership.self, epoch })
    })

    test('gives every further claim a higher epoch', async () => {
      const ownership = await opened()
      const first = await ownership.claim(0, 5)
      expect(await ownership.claim(0, 0)).toBeGreaterThan(first)
    })

    test('tells of each claim', async () => {
      const ownership = await opened()
      let told = 0
      const end = ownership.onChanged(() => told++)
      await ownership.claim(2, 0)
      expect(told).toBe(1)
      end()
      await ownership.claim(2, 0)
      expect(told).toBe(1)
    })

    test('hands a shard to another instance under a higher epoch', async () => {
      const ownership = await opened()
      const first = await ownership.claim(1, 0)
      const other = { node: 'other', instance: 'x' }
      const epoch = await ownership.claim(1, first, other)
      expect(epoch).toBeGreaterThan(first)
      expect(ownership.ownerOf(1)).toEqual({ ...other, epoch })
    })
  })
}

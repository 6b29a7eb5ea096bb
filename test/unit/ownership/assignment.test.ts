import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignShards } from '../../../src/ownership/assignment.ts'

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 })
const owners = fc.array(
  fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'gone'), { nil: undefined }),
  {
    minLength: 1,
    maxLength: 64,
  },
)

function counts(assigned: readonly (string | undefined)[], members: readonly string[]): number[] {
  return members.map((member) => assigned.filter((owner) => owner === member).length)
}

test('every shard gets a member, and no member has more than one shard more than another', () => {
  fc.assert(
    fc.property(owners, names, (before, members) => {
      const each = counts(assignShards(before, members), members)
      expect(each.reduce((sum, count) => sum + count)).toBe(before.length)
      expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1)
    }),
  )
})

test('the order in which members are known does not matter', () => {
  fc.assert(
    fc.property(owners, names, (before, members) => {
      expect(assignShards(before, members.toReversed())).toEqual(assignShards(before, members))
    }),
  )
})

test('what is even already stays as it is', () => {
  fc.assert(
    fc.property(owners, names, (before, members) => {
      const once = assignShards(before, members)
      expect(assignShards(once, members)).toEqual(once)
    }),
  )
})

test('no more shards leave a member than it has above its share', () => {
  fc.assert(
    fc.property(owners, names, (before, members) => {
      const after = assignShards(before, members)
      const kept = before.filter((owner, shard) => owner !== undefined && owner === after[shard]).length
      const had = counts(before, members).toSorted((a, b) => b - a)
      const least = Math.floor(before.length / members.length)
      const more = before.length % members.length
      const possible = had.map((count, index) => Math.min(count, index < more ? least + 1 : least))
      expect(kept).toBe(possible.reduce((sum, count) => sum + count))
    }),
  )
})

test('without members nobody has a shard', () => {
  expect(assignShards(['a', undefined], [])).toEqual([undefined, undefined])
})

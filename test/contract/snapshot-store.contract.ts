// What every adapter of the snapshot store port must do.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'

/** Opens the store at a place; opening the same place again must find what was committed before. */
export type OpenStore = (place: string) => Promise<SnapshotStore>

const NEVER = Number.POSITIVE_INFINITY
const profile = (user: string, value: string, wakeAt = NEVER, wakeBefore = NEVER) => ({
  user,
  bytes: Buffer.from(value),
  wakeAt,
  wakeBefore,
})

export function snapshotStoreContract(name: string, newPlace: () => string, openStore: OpenStore): void {
  const open = async (place = newPlace()) => {
    const store = await openStore(place)
    onTestFinished(() => store.close().catch(() => {}))
    return store
  }
  const load = async (store: SnapshotStore, shard: number, users: string[]) =>
    (await store.load(shard, users)).map((bytes) => bytes?.toString())

  describe(`snapshot store: ${name}`, () => {
    test('starts with epoch 0, offset 0 and no profiles', async () => {
      const store = await open()
      expect(await store.checkpoint(3)).toEqual({ epoch: 0, offset: 0 })
      expect(await load(store, 3, ['a', 'b'])).toEqual([undefined, undefined])
      expect(await store.count()).toBe(0)
    })

    test('commits profiles and offset together and finds them after opening again', async () => {
      const place = newPlace()
      const store = await openStore(place)
      await store.claim(1, 5)
      await store.commit(1, { epoch: 5, offset: 42, profiles: [profile('a', '1'), profile('ä/ü 😀', '2')] })
      await store.commit(1, { epoch: 5, profiles: [profile('a', '3')] })
      await store.close()
      const again = await open(place)
      expect(await again.checkpoint(1)).toEqual({ epoch: 5, offset: 42 })
      expect(await load(again, 1, ['ä/ü 😀', 'nobody', 'a'])).toEqual(['2', undefined, '3'])
      expect(await again.count()).toBe(2)
    })

    test('lists whom to wake in the order of time and user, page by page, from its own shard only', async () => {
      const place = newPlace()
      const store = await openStore(place)
      for (const shard of [0, 1]) await store.claim(shard, 1)
      const profiles = [
        profile('c', '', 20),
        profile('ä', '', 20),
        profile('a', '', 30),
        profile('b', '', 10.5),
      ]
      await store.commit(0, { epoch: 1, profiles: [...profiles, profile('never', '')] })
      await store.commit(1, { epoch: 1, profiles: [profile('other', '', 15)] })
      await store.close()
      const again = await open(place)
      const first = await again.wakes(0, undefined, 30, 2)
      expect(first).toEqual([
        { wakeAt: 10.5, user: 'b' },
        { wakeAt: 20, user: 'c' },
      ])
      expect(await again.wakes(0, first[1], 30, 2)).toEqual([
        { wakeAt: 20, user: 'ä' },
        { wakeAt: 30, user: 'a' },
      ])
      expect(await again.wakes(0, first[1], 29, 9)).toEqual([{ wakeAt: 20, user: 'ä' }])
      expect(await again.wakes(0, { wakeAt: 15, user: '' }, 20, 9)).toHaveLength(2)
    })

    test('moves a user in the list with each commit, and takes it off', async () => {
      const store = await open()
      await store.claim(0, 1)
      await store.commit(0, { epoch: 1, profiles: [profile('a', '', 10), profile('b', '', 20)] })
      await store.commit(0, { epoch: 1, profiles: [profile('a', '', 30, 10), profile('b', '', NEVER, 20)] })
      await store.commit(0, { epoch: 1, profiles: [profile('a', '', 30, 30)] })
      expect(await store.wakes(0, undefined, 100, 9)).toEqual([{ wakeAt: 30, user: 'a' }])
      await store.reset('other')
      expect(await store.wakes(0, undefined, 100, 9)).toEqual([])
    })

    test('lists the users of a shard that have a profile, also very many, and no others', async () => {
      const store = await open()
      for (const shard of [0, 1, 2]) await store.claim(shard, 1)
      const names = Array.from({ length: 2_500 }, (_, index) => `user-${index}`)
      const profiles = [...names, 'ä/ü 😀'].map((user) => profile(user, 'x'))
      await store.commit(1, { epoch: 1, profiles })
      for (const shard of [0, 2]) await store.commit(shard, { epoch: 1, profiles: [profile('other', 'x')] })
      const listed = async (shard: number) => {
        const found: string[] = []
        for await (const page of store.users(shard)) found.push(...page)
        return new Set(found)
      }
      expect(await listed(1)).toEqual(new Set(['ä/ü 😀', ...names]))
      expect(await listed(0)).toEqual(new Set(['other']))
      expect(await listed(3)).toEqual(new Set())
    })

    test('keeps the same user id of two shards apart', async () => {
      const store = await open()
      for (const shard of [0, 1]) {
        await store.claim(shard, 1)
        await store.commit(shard, { epoch: 1, profiles: [profile('a', `${shard}`)] })
      }
      expect([await load(store, 0, ['a']), await load(store, 1, ['a'])]).toEqual([['0'], ['1']])
    })

    test('refuses a commit under an epoch that was never claimed, and writes nothing of it', async () => {
      const store = await open()
      await expect(
        store.commit(0, { epoch: 1, offset: 9, profiles: [profile('a', 'x')] }),
      ).rejects.toMatchObject({
        code: 'FENCED',
      })
      expect(await load(store, 0, ['a'])).toEqual([undefined])
      expect(await store.checkpoint(0)).toEqual({ epoch: 0, offset: 0 })
    })

    test('refuses the commit of an older owner once a newer one has claimed the shard', async () => {
      const place = newPlace()
      const older = await open(place)
      await older.claim(0, 1)
      await older.commit(0, { epoch: 1, offset: 10, profiles: [profile('a', 'old')] })
      const newer = await open(place)
      await newer.claim(0, 2)
      await expect(
        older.commit(0, { epoch: 1, offset: 11, profiles: [profile('a', 'late')] }),
      ).rejects.toMatchObject({
        code: 'FENCED',
      })
      await newer.commit(0, { epoch: 2, offset: 12, profiles: [profile('b', 'new')] })
      expect(await load(newer, 0, ['a', 'b'])).toEqual(['old', 'new'])
      expect(await newer.checkpoint(0)).toEqual({ epoch: 2, offset: 12 })
    })

    test('refuses to claim with an epoch that is not above the last', async () => {
      const store = await open()
      await store.claim(0, 7)
      for (const epoch of [7, 6])
        await expect(store.claim(0, epoch)).rejects.toMatchObject({ code: 'FENCED' })
      expect(await store.checkpoint(0)).toEqual({ epoch: 7, offset: 0 })
    })

    test('keeps many commits in flight in order', async () => {
      const store = await open()
      await store.claim(0, 1)
      const commits = Array.from({ length: 200 }, (_, at) =>
        store.commit(0, { epoch: 1, offset: at, profiles: [profile('a', `${at}`), profile(`u${at}`, 'x')] }),
      )
      await Promise.all(commits)
      expect(await load(store, 0, ['a'])).toEqual(['199'])
      expect(await store.checkpoint(0)).toEqual({ epoch: 1, offset: 199 })
      expect(await store.count()).toBe(201)
    })

    test('starts over for a rebuild, keeping the epochs', async () => {
      const store = await open()
      await store.claim(0, 3)
      await store.commit(0, { epoch: 3, offset: 8, profiles: [profile('a', '1')] })
      expect(await store.fingerprint()).toBeUndefined()
      await store.reset('new-definition')
      expect(await store.fingerprint()).toBe('new-definition')
      expect(await store.checkpoint(0)).toEqual({ epoch: 3, offset: 0 })
      expect(await load(store, 0, ['a'])).toEqual([undefined])
      await store.commit(0, { epoch: 3, offset: 1, profiles: [profile('a', '2')] })
      expect(await load(store, 0, ['a'])).toEqual(['2'])
    })
  })
}

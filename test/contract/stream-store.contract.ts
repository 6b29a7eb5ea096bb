// What every adapter of the stream store port must do.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Action } from '../../src/model/action.ts'
import type { Publication, StreamEntry, StreamItem, StreamStore } from '../../src/streams/stream-store.ts'

/** Opens the store at a place; opening the same place again must find what was published before. */
export type OpenStore = (place: string) => Promise<StreamStore>

const entry = (id: string, data = '{}'): StreamEntry => ({ id, userId: `user of ${id}`, data })

function publication(
  shard: number,
  sequence: number,
  entries: Record<string, StreamEntry[]> = {},
  refused?: number[],
): Publication {
  const actions = refused && Array.from({ length: ACTIONS_OF_EACH }, (_, at) => action(`${at}`))
  return { shard, sequence, refused, actions, entries: new Map(Object.entries(entries)) }
}

/** Actions in every record that holds actions. */
const ACTIONS_OF_EACH = 5

function action(id: string): Action {
  return { id, user: `u-${id}`, action: 'view', occurredAt: 0, properties: {} }
}

/** Positions of the accepted actions, whether the item holds them or says which are not. */
function accepted({ refused, entries }: StreamItem): number[] {
  if (entries.length > 0) return entries.map(({ id }) => Number(id))
  const all = Array.from({ length: ACTIONS_OF_EACH }, (_, at) => at)
  return all.filter((at) => !refused.includes(at))
}

const idsOf = (items: readonly StreamItem[]) => items.flatMap(({ entries }) => entries.map(({ id }) => id))

async function ids(store: StreamStore, stream: string): Promise<string[]> {
  return idsOf(await store.read(stream, 0, 1_000))
}

export function streamStoreContract(name: string, newPlace: () => string, openStore: OpenStore): void {
  const open = async (place = newPlace()) => {
    const store = await openStore(place)
    onTestFinished(() => store.close().catch(() => {}))
    return store
  }

  describe(`stream store: ${name}`, () => {
    test('starts empty: head 0, nothing published, nothing to read', async () => {
      const store = await open()
      expect([await store.head(), await store.published(3), await store.read('actions', 0, 9)]).toEqual([
        0,
        0,
        [],
      ])
    })

    test('keeps of `actions` the record and what was accepted of it, and nothing of a record without actions', async () => {
      const store = await open()
      await store.publish([publication(1, 7, {}, [0, 3]), publication(2, 4, {}, []), publication(1, 8)])
      const items = await store.read('actions', 0, 9)
      expect(items.map((item) => [item.shard, item.sequence, accepted(item)])).toEqual([
        [1, 7, [1, 2, 4]],
        [2, 4, [0, 1, 2, 3, 4]],
      ])
      expect(await store.published(1)).toBeGreaterThanOrEqual(7)
      expect(await store.published(2)).toBe(4)
    })

    test('keeps entries of each stream apart, whole and in order, under rising numbers', async () => {
      const store = await open()
      const caused = { ...entry('1.1.0.1', '{"a":"ä😀"}'), action: 'purchase' }
      await store.publish([
        publication(1, 1, { rewards: [entry('1.1.0.0'), caused], reward: [entry('x')] }, []),
        publication(1, 2, { rewards: [entry('1.2.0.0')] }, []),
      ])
      await store.publish([publication(0, 9, { rewards: [entry('0.9.0.0')], stages: [entry('s')] }, [])])
      const items = await store.read('rewards', 0, 9)
      expect(items.map(({ entries }) => entries)).toEqual([
        [entry('1.1.0.0'), caused],
        [entry('1.2.0.0')],
        [entry('0.9.0.0')],
      ])
      expect(items.map(({ shard, sequence }) => [shard, sequence])).toEqual([
        [1, 1],
        [1, 2],
        [0, 9],
      ])
      const others = ['reward', 'stages', 'rewards-x'].map((stream) => ids(store, stream))
      expect(await Promise.all(others)).toEqual([['x'], ['s'], []])
      const numbers = items.map(({ number }) => number)
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
      expect(await store.head()).toBeGreaterThanOrEqual(numbers.at(-1)!)
    })

    test('reads on after any number, at most as many items as were asked for', async () => {
      const store = await open()
      for (let at = 1; at <= 20; at++)
        await store.publish([publication(at % 3, at, { s: [entry(`${at}`)] }, [])])
      const read: string[] = []
      for (let after = 0; ; ) {
        const items = await store.read('s', after, 7)
        if (items.length === 0) break
        expect(items.length).toBeLessThanOrEqual(7)
        read.push(...idsOf(items))
        after = items.at(-1)!.number
      }
      expect(read).toEqual(Array.from({ length: 20 }, (_, at) => `${at + 1}`))
      expect(await store.read('s', await store.head(), 7)).toEqual([])
    })

    test('drops what is published already, of one call and of many, and across opening again', async () => {
      const place = newPlace()
      const store = await openStore(place)
      await store.publish([
        publication(0, 5, { s: [entry('a')] }, []),
        publication(0, 5, { s: [entry('a')] }, []),
      ])
      await store.publish([
        publication(0, 4, { s: [entry('old')] }, []),
        publication(0, 6, { s: [entry('b')] }, []),
      ])
      await store.close()
      const again = await open(place)
      expect(await again.published(0)).toBe(6)
      await again.publish([
        publication(0, 6, { s: [entry('b')] }, []),
        publication(0, 9, { s: [entry('c')] }, []),
      ])
      expect(await ids(again, 's')).toEqual(['a', 'b', 'c'])
      expect((await again.read('actions', 0, 9)).map(({ sequence }) => sequence)).toEqual([5, 6, 9])
    })

    test('after opening again gives numbers above every earlier one', async () => {
      const place = newPlace()
      const store = await openStore(place)
      await store.publish([publication(0, 1, { s: [entry('a')] }, [])])
      const head = await store.head()
      await store.close()
      const again = await open(place)
      expect(await again.head()).toBeGreaterThanOrEqual(head)
      await again.publish([publication(0, 2, { s: [entry('b')] }, [])])
      expect(idsOf(await again.read('s', head, 9))).toEqual(['b'])
      expect(await ids(again, 's')).toEqual(['a', 'b'])
    })

    test('keeps many and large entries of one record in order, without one huge item', async () => {
      const store = await open()
      const large = Array.from({ length: 300 }, (_, at) => entry(`${at}`, 'x'.repeat(at * 20)))
      await store.publish([publication(0, 1, { s: large }, [])])
      const items = await store.read('s', 0, 1_000)
      expect(items.flatMap(({ entries }) => entries)).toEqual(large)
      expect(items.length).toBeGreaterThan(5)
    })

    test('shows what is published, at the latest when it wakes them, also to others who have the place open', async () => {
      const place = newPlace()
      const [writer, reader] = [await open(place), await open(place)]
      const seen = [writer, reader].map(
        (store) =>
          new Promise<void>((resolve) => {
            store.onPublished('s', async () => {
              if ((await ids(store, 's')).length > 0) resolve()
            })
          }),
      )
      expect([await reader.head(), await ids(reader, 's')]).toEqual([0, []])
      await writer.publish([publication(0, 1, { s: [entry('a')] })])
      await Promise.all(seen)
      expect([await ids(reader, 's'), await reader.published(0), await reader.head()]).toEqual([
        ['a'],
        1,
        await writer.head(),
      ])
    })

    test('wakes for each publication those of its stream, until they end it', async () => {
      const store = await open()
      const numbers: number[] = []
      let last = 0
      let ended = false
      const end = store.onPublished('s', async () => {
        expect(ended).toBe(false)
        for (const { number, sequence } of await store.read('s', last, 9)) {
          if (number <= last) continue
          last = number
          numbers.push(sequence)
        }
      })
      for (let sequence = 1; sequence <= 5; sequence++) {
        await store.publish([publication(0, sequence, { s: [entry('x')] })])
        await expect.poll(() => numbers.at(-1)).toBe(sequence)
      }
      end()
      ended = true
      await store.publish([publication(0, 6, { s: [entry('x')] })])
      expect(numbers).toEqual([1, 2, 3, 4, 5])
    })

    test('drops what the trimmed records of a shard led to, and goes on after what was published, also opened again', async () => {
      const place = newPlace()
      const store = await openStore(place)
      for (let sequence = 1; sequence <= 30; sequence++) {
        const entries = { s: [entry(`${sequence}`)], ...(sequence % 10 === 0 && { rare: [entry('r')] }) }
        await store.publish([0, 1].map((shard) => publication(shard, sequence, entries, [])))
      }
      expect(await store.hasDropped('s', 0)).toBe(false)
      expect(await store.trim(0, 14)).toBeLessThanOrEqual(14)
      await store.trim(1, 14)
      expect(await store.trim(0, 14)).toBe(14)
      const held = await store.read('s', 0, 1_000)
      const left = Array.from({ length: 16 }, (_, at) => at + 15)
      for (const shard of [0, 1])
        expect(held.filter((item) => item.shard === shard).map(({ sequence }) => sequence)).toEqual(left)
      expect((await store.read('actions', 0, 99)).map(({ sequence }) => sequence)).toEqual(
        left.flatMap((sequence) => [sequence, sequence]),
      )
      expect((await store.read('rare', 0, 99)).map(({ sequence }) => sequence)).toEqual([20, 20, 30, 30])
      await store.trim(0, 14)
      await store.close()
      const again = await open(place)
      expect([await again.published(0), await again.published(1)]).toEqual([30, 30])
      await again.publish([
        publication(0, 30, { s: [entry('twice')] }),
        publication(0, 31, { s: [entry('31')] }),
      ])
      expect(idsOf(await again.read('s', held.at(-1)!.number, 9))).toEqual(['31'])
    })

    test('keeps what it is published up to when all records of a shard are trimmed', async () => {
      const place = newPlace()
      const store = await openStore(place)
      await store.publish(
        [1, 2, 3].map((sequence) => publication(2, sequence, { s: [entry(`${sequence}`)] }, [])),
      )
      const head = await store.head()
      expect(await store.trim(2, 3)).toBe(3)
      expect(await store.trim(2, 3)).toBe(3)
      expect((await ids(store, 's')).filter((id) => id !== '3')).toEqual([])
      await store.close()
      const again = await open(place)
      expect([await again.published(2), (await again.head()) >= head]).toEqual([3, true])
      await again.publish([publication(2, 4, { s: [entry('4')] }, [])])
      expect((await ids(again, 's')).filter((id) => id !== '3')).toEqual(['4'])
    })

    test('tells of each stream whether items above a place were dropped, whatever other streams have lost', async () => {
      const store = await open()
      await store.publish([publication(0, 1, { rare: [entry('r')] }, [])])
      const [rare] = await store.read('rare', 0, 9)
      for (let sequence = 2; sequence <= 600; sequence += 2) {
        const of = [sequence, sequence + 1].map((at) => publication(0, at, { s: [entry(`${at}`)] }, []))
        await store.publish(of)
      }
      await store.trim(0, 400)
      const [first] = await store.read('s', 0, 1)
      expect(first!.sequence).toBe(401)
      // Nothing was dropped after what was taken, whatever other streams have lost.
      expect(await store.hasDropped('rare', rare!.number)).toBe(false)
      expect(await store.hasDropped('rare', rare!.number - 1)).toBe(true)
      expect(await store.hasDropped('s', first!.number - 1)).toBe(false)
      expect(await store.hasDropped('s', rare!.number)).toBe(true)
      expect(await store.hasDropped('other', 0)).toBe(false)
    })

    test('says when all that was published is on the disk', async () => {
      const store = await open()
      await store.flushed()
      for (let at = 1; at <= 5; at++) await store.publish([publication(0, at, { s: [entry(`${at}`)] }, [])])
      await store.flushed()
      expect(await ids(store, 's')).toHaveLength(5)
    })
  })
}

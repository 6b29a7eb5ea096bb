// What every adapter of the stream store port must do.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Publication, StreamEntry, StreamStore } from '../../src/streams/stream-store.ts'

/** Opens the store at a place; opening the same place again must find what was published before. */
export type OpenStore = (place: string) => Promise<StreamStore>

const entry = (id: string, data = '{}'): StreamEntry => ({ id, userId: `user of ${id}`, data })

function publication(
  shard: number,
  sequence: number,
  entries: Record<string, StreamEntry[]> = {},
  refused?: number[],
): Publication {
  return { shard, sequence, refused, entries: new Map(Object.entries(entries)) }
}

const ids = (store: StreamStore, stream: string, after = 0, limit = 1_000) =>
  store.read(stream, after, limit).flatMap(({ entries }) => entries.map(({ id }) => id))

export function streamStoreContract(name: string, newPlace: () => string, openStore: OpenStore): void {
  const open = async (place = newPlace()) => {
    const store = await openStore(place)
    onTestFinished(() => store.close().catch(() => {}))
    return store
  }

  describe(`stream store: ${name}`, () => {
    test('starts empty: head 0, nothing published, nothing to read', async () => {
      const store = await open()
      expect([store.head(), store.published(3), store.read('actions', 0, 9)]).toEqual([0, 0, []])
    })

    test('keeps of `actions` the record and what was refused of it, and nothing of a record without actions', async () => {
      const store = await open()
      await store.publish([publication(1, 7, {}, [0, 3]), publication(2, 4, {}, []), publication(1, 8)])
      const items = store.read('actions', 0, 9)
      expect(
        items.map(({ shard, sequence, refused, entries }) => [shard, sequence, refused, entries]),
      ).toEqual([
        [1, 7, [0, 3], []],
        [2, 4, [], []],
      ])
      expect([store.published(1), store.published(2)]).toEqual([8, 4])
    })

    test('keeps entries of each stream apart, whole and in order, under rising numbers', async () => {
      const store = await open()
      const caused = { ...entry('1.1.0.1', '{"a":"ä😀"}'), action: 'purchase' }
      await store.publish([
        publication(1, 1, { rewards: [entry('1.1.0.0'), caused], reward: [entry('x')] }, []),
        publication(1, 2, { rewards: [entry('1.2.0.0')] }, []),
      ])
      await store.publish([publication(0, 9, { rewards: [entry('0.9.0.0')], stages: [entry('s')] }, [])])
      const items = store.read('rewards', 0, 9)
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
      expect([ids(store, 'reward'), ids(store, 'stages'), ids(store, 'rewards-x')]).toEqual([
        ['x'],
        ['s'],
        [],
      ])
      const numbers = items.map(({ number }) => number)
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
      expect(store.head()).toBeGreaterThanOrEqual(numbers.at(-1)!)
    })

    test('reads on after any number, at most as many items as were asked for', async () => {
      const store = await open()
      for (let at = 1; at <= 20; at++)
        await store.publish([publication(at % 3, at, { s: [entry(`${at}`)] }, [])])
      const read: string[] = []
      for (let after = 0; ; ) {
        const items = store.read('s', after, 7)
        if (items.length === 0) break
        expect(items.length).toBeLessThanOrEqual(7)
        read.push(...items.flatMap(({ entries }) => entries.map(({ id }) => id)))
        after = items.at(-1)!.number
      }
      expect(read).toEqual(Array.from({ length: 20 }, (_, at) => `${at + 1}`))
      expect(store.read('s', store.head(), 7)).toEqual([])
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
      expect(again.published(0)).toBe(6)
      await again.publish([
        publication(0, 6, { s: [entry('b')] }, []),
        publication(0, 9, { s: [entry('c')] }, []),
      ])
      expect(ids(again, 's')).toEqual(['a', 'b', 'c'])
      expect(again.read('actions', 0, 9).map(({ sequence }) => sequence)).toEqual([5, 6, 9])
    })

    test('after opening again gives numbers above every earlier one', async () => {
      const place = newPlace()
      const store = await openStore(place)
      await store.publish([publication(0, 1, { s: [entry('a')] }, [])])
      const head = store.head()
      await store.close()
      const again = await open(place)
      expect(again.head()).toBeGreaterThanOrEqual(head)
      await again.publish([publication(0, 2, { s: [entry('b')] }, [])])
      expect(again.read('s', head, 9).map(({ entries }) => entries[0]?.id)).toEqual(['b'])
      expect(ids(again, 's')).toEqual(['a', 'b'])
    })

    test('keeps many and large entries of one record in order, without one huge item', async () => {
      const store = await open()
      const large = Array.from({ length: 300 }, (_, at) => entry(`${at}`, 'x'.repeat(at * 20)))
      await store.publish([publication(0, 1, { s: large }, [])])
      const items = store.read('s', 0, 1_000)
      expect(items.flatMap(({ entries }) => entries)).toEqual(large)
      expect(items.length).toBeGreaterThan(5)
    })

    test('shows what is published when publish resolves, also to others who have the place open, and wakes them', async () => {
      const place = newPlace()
      const [writer, reader] = [await open(place), await open(place)]
      const woken: string[] = []
      const heard = new Promise<void>((resolve) => {
        writer.onPublished((streams) => woken.push(`writer ${streams}`))
        reader.onPublished((streams) => {
          woken.push(`reader ${streams}`)
          resolve()
        })
      })
      expect([reader.head(), ids(reader, 's')]).toEqual([0, []])
      await writer.publish([publication(0, 1, { s: [entry('a')] })])
      // Read before the reader is woken, in the turn in which it read the old state.
      expect([ids(reader, 's'), reader.published(0), reader.head()]).toEqual([['a'], 1, writer.head()])
      await heard
      expect(woken.sort()).toEqual(['reader s', 'writer s'])
    })

    test('wakes nobody for a record that leads to nothing, nor whoever has ended it', async () => {
      const store = await open()
      const woken: (readonly string[])[] = []
      const end = store.onPublished((streams) => woken.push(streams))
      await store.publish([publication(0, 1)])
      await store.publish([publication(0, 2, {}, [])])
      end()
      await store.publish([publication(0, 3, {}, [])])
      expect(woken).toEqual([['actions']])
      expect(store.published(0)).toBe(3)
    })

    test('says when all that was published is on the disk', async () => {
      const store = await open()
      await store.flushed()
      for (let at = 1; at <= 5; at++) await store.publish([publication(0, at, { s: [entry(`${at}`)] }, [])])
      await store.flushed()
      expect(ids(store, 's')).toHaveLength(5)
    })
  })
}

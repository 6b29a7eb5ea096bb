// What every adapter of the action log port must do. An adapter's test calls this with a way to
// open it.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ActionLog, LogRecord } from '../../src/log/action-log.ts'

/** Opens the log at a place; opening the same place again must find what was appended before. */
export type OpenLog = (place: string) => Promise<ActionLog>

const text = (record: LogRecord | undefined) => record?.payload.toString()
const payload = (value: string) => Buffer.from(value)

async function take(log: ActionLog, shard: number, after: number, count: number): Promise<LogRecord[]> {
  const stop = new AbortController()
  const taken: LogRecord[] = []
  for await (const records of log.follow(shard, after, stop.signal)) {
    taken.push(...records)
    if (taken.length >= count) stop.abort()
  }
  return taken
}

export function actionLogContract(name: string, newPlace: () => string, openLog: OpenLog): void {
  const open = async (place: string) => {
    const log = await openLog(place)
    onTestFinished(() => log.close().catch(() => {}))
    return log
  }

  describe(`action log: ${name}`, () => {
    test('starts empty: head 0, tail 1, nothing to get', async () => {
      const log = await open(newPlace())
      expect([await log.head(0), await log.tail(0)]).toEqual([0, 1])
      expect([await log.get(0, 0), await log.get(0, 1)]).toEqual([undefined, undefined])
    })

    test('gives each shard rising sequences of its own', async () => {
      const log = await open(newPlace())
      const first = await log.append([
        { shard: 0, payload: payload('a') },
        { shard: 1, payload: payload('b') },
      ])
      const second = await log.append([{ shard: 0, payload: payload('c') }])
      expect(second[0]).toBeGreaterThan(first[0]!)
      expect(text(await log.get(0, second[0]!))).toBe('c')
      expect(text(await log.get(1, first[1]!))).toBe('b')
      expect(await log.head(0)).toBe(second[0])
    })

    test('keeps every resolved append across closing and opening again', async () => {
      const place = newPlace()
      const log = await openLog(place)
      for (let index = 0; index < 20; index++)
        await log.append([{ shard: index % 3, payload: payload(`${index}`) }])
      await log.close()
      const again = await open(place)
      const found = await Promise.all([0, 1, 2].map((shard) => take(again, shard, 0, shard === 2 ? 6 : 7)))
      expect(found.flat().map(text)).toEqual(
        [0, 1, 2]
          .flatMap((shard) => Array.from({ length: 20 }, (_, at) => at).filter((at) => at % 3 === shard))
          .map(String),
      )
    })

    test('goes on with the next sequence after opening again', async () => {
      const place = newPlace()
      const log = await openLog(place)
      const [last] = await log.append([{ shard: 0, payload: payload('a') }])
      await log.close()
      const again = await open(place)
      expect(await again.head(0)).toBe(last)
      const [next] = await again.append([{ shard: 0, payload: payload('b') }])
      expect(next).toBeGreaterThan(last!)
    })

    test('takes a shard only from the process that claimed it last, which then knows all that was acknowledged', async () => {
      const place = newPlace()
      const [first, second] = [await open(place), await open(place)]
      const told: number[] = []
      first.onFenced((shard) => told.push(shard))
      await first.claim(1, payload('first'))
      const [acknowledged] = await first.append([{ shard: 1, payload: payload('a') }])
      expect(await second.claim(1, payload('second'))).toBeGreaterThanOrEqual(acknowledged!)
      const late = [0, 1].map((shard) => ({ shard, payload: payload('late') }))
      await expect(first.append(late)).rejects.toMatchObject({ code: 'FENCED' })
      expect(told).toEqual([1])
      const [next] = await second.append([{ shard: 1, payload: payload('b') }])
      expect(next).toBeGreaterThan(acknowledged!)
      expect(text(await second.get(1, acknowledged!))).toBe('a')
      expect(text(await second.get(1, next!))).toBe('b')
      await first.claim(1, payload('first again'))
      await expect(second.append([{ shard: 1, payload: payload('late') }])).rejects.toMatchObject({
        code: 'FENCED',
      })
      await first.append([{ shard: 1, payload: payload('c') }])
    })

    test('follows from any sequence, in order, and on into new records', async () => {
      const log = await open(newPlace())
      for (let index = 0; index < 200; index++) await log.append([{ shard: 0, payload: payload(`${index}`) }])
      const [after] = (await take(log, 0, 0, 1)).map(({ sequence }) => sequence)
      const following = take(log, 0, after!, 209)
      for (let index = 200; index < 210; index++)
        await log.append([{ shard: 0, payload: payload(`${index}`) }])
      const records = await following
      expect(records.map(text)).toEqual(Array.from({ length: 209 }, (_, index) => `${index + 1}`))
      const sequences = records.map(({ sequence }) => sequence)
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
    })

    test('serves several followers of one shard', async () => {
      const log = await open(newPlace())
      const followers = [take(log, 0, 0, 5), take(log, 0, 0, 5)]
      for (let index = 0; index < 5; index++) await log.append([{ shard: 0, payload: payload(`${index}`) }])
      for (const records of await Promise.all(followers))
        expect(records.map(text)).toEqual(['0', '1', '2', '3', '4'])
    })

    test('ends a waiting follower when its signal aborts', async () => {
      const log = await open(newPlace())
      const stop = new AbortController()
      const ended = (async () => {
        for await (const _ of log.follow(0, 0, stop.signal)) throw new Error('there is nothing to follow')
        return 'ended'
      })()
      stop.abort()
      expect(await ended).toBe('ended')
    })

    test('keeps payloads of any size and content', async () => {
      const log = await open(newPlace())
      const payloads = [Buffer.alloc(0), Buffer.from([0, 255, 10, 0]), Buffer.alloc(3_000_000, 7)]
      const sequences: number[] = []
      for (const bytes of payloads) sequences.push(...(await log.append([{ shard: 0, payload: bytes }])))
      for (const [index, sequence] of sequences.entries()) {
        expect((await log.get(0, sequence))?.payload.equals(payloads[index]!)).toBe(true)
      }
    })

    test('trims from the old end and never forgets where it was', async () => {
      const place = newPlace()
      const log = await openLog(place)
      for (let index = 0; index < 10; index++) await log.append([{ shard: 0, payload: payload(`${index}`) }])
      const sequences = (await take(log, 0, 0, 10)).map(({ sequence }) => sequence)
      await log.trim(0, sequences[3]!)
      expect(await log.get(0, sequences[3]!)).toBeUndefined()
      expect(await log.tail(0)).toBe(sequences[4])
      await log.trim(0, sequences[9]!)
      await log.close()
      const again = await open(place)
      expect(await again.head(0)).toBe(sequences[9])
    })

    test('tells the room that it takes, less again once it is trimmed', async () => {
      const log = await open(newPlace())
      const empty = await log.bytes()
      const sequences: number[] = []
      for (let index = 0; index < 100; index++) {
        const entries = [0, 1].map((shard) => ({ shard, payload: Buffer.alloc(10_000, index) }))
        sequences.push((await log.append(entries))[0]!)
      }
      const full = await log.bytes()
      expect(full - empty).toBeGreaterThan(2_000_000)
      expect(full - empty).toBeLessThan(4_000_000)
      await log.trim(0, sequences[79]!)
      expect(full - (await log.bytes())).toBeGreaterThan(800_000)
    })
  })
}

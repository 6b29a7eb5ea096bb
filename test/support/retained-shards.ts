// Shards whose log is retained for a while only, on a clock that the test moves: records are
// appended and published at the instants that the test wants.
import { onTestFinished } from 'vitest'
import { Retention, type RetentionDeps } from '../../actors/saving/retention.ts'
import { decodeHeader, encodeChunk, encodeRecord, encodeTick } from '../../src/ingest/records.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import { type Clock, SimulatedClock } from '../../src/runtime/clock.ts'
import type { Publication, StreamStore } from '../../src/streams/stream-store.ts'
import { type LogLine, NOW, recordingLogger } from './api.ts'

const MINUTE_MS = 60_000
const ACTION = { id: 'a', user: 'u', action: 'a', occurredAt: 0, properties: {} }

export class RetainedShards {
  readonly clock = new SimulatedClock(NOW)
  readonly logged: LogLine[] = []
  /** By shard; what is appended counts as committed. */
  readonly committed = [0, 0]
  readonly #log: ActionLog
  readonly #streams: StreamStore
  readonly #retentions: Retention[] = []
  /**
   * Rounds that all shards have set themselves since the start: each sets its next when one has
   * ended.
   */
  #rounds = 0
  #awaited: { rounds: number; resolve: () => void } | undefined

  constructor(log: ActionLog, streams: StreamStore) {
    this.#log = log
    this.#streams = streams
    onTestFinished(() => this.stop())
  }

  /**
   * Appends records of one action, received now, and publishes each with a reward. Gives the
   * sequence of the last.
   */
  append(shard: number, bytes = 10, count = 1): Promise<number> {
    const actions = [{ ...ACTION, properties: { text: 'x'.repeat(bytes) } }]
    const payload = encodeRecord(this.clock.now(), 1, 1, [encodeChunk(actions)])
    return this.#publish(shard, payload, count, { refused: [], actions })
  }

  tick(shard: number): Promise<number> {
    return this.#publish(shard, encodeTick(this.clock.now(), 1, ['u']), 1, { refused: undefined })
  }

  async #publish(
    shard: number,
    payload: Buffer,
    count: number,
    of: Pick<Publication, 'refused'> & Partial<Pick<Publication, 'actions'>>,
  ): Promise<number> {
    const sequences = await this.#log.append(Array.from({ length: count }, () => ({ shard, payload })))
    const publications = sequences.map((sequence) => {
      const entries = new Map([['rewards', [{ id: `${shard}.${sequence}`, userId: 'u', data: '{}' }]]])
      return { shard, sequence, ...of, entries }
    })
    await this.#streams.publish(publications)
    this.committed[shard] = sequences.at(-1)!
    return this.committed[shard]
  }

  retain(keep: RetentionDeps['keep'], instead: Partial<RetentionDeps> = {}): void {
    for (const shard of this.committed.keys()) {
      const retention = new Retention({
        shard,
        shards: this.committed.length,
        log: this.#log,
        streams: this.#streams,
        clock: this.#countingClock(),
        logger: recordingLogger(this.logged),
        keep,
        committed: () => this.committed[shard]!,
        ...instead,
      })
      this.#retentions.push(retention)
      retention.start()
    }
  }

  #countingClock(): Clock {
    return {
      now: () => this.clock.now(),
      after: (delayMs, callback) => {
        this.#rounds += 1
        if (this.#rounds === this.#awaited?.rounds) this.#awaited.resolve()
        return this.clock.after(delayMs, callback)
      },
    }
  }

  /** Lets minutes pass, one after the other, each with its rounds. `each` is called before each. */
  async pass(minutes: number, each: () => Promise<unknown> = async () => {}): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      await each()
      await this.step(MINUTE_MS)
    }
  }

  /** Lets some time pass and so many shards, by default all, do a round. */
  async step(ms: number, shards = this.#retentions.length): Promise<void> {
    if (shards === 0) return this.clock.advance(ms)
    const done = new Promise<void>((resolve) => {
      this.#awaited = { rounds: this.#rounds + shards, resolve }
    })
    this.clock.advance(ms)
    await done
  }

  /**
   * Minutes ago, counted back from now, that the records which the shard's log holds were received.
   */
  async held(shard: number): Promise<number[]> {
    const minutes: number[] = []
    const head = await this.#log.head(shard)
    for (let sequence = await this.#log.tail(shard); sequence <= head; sequence++) {
      const record = await this.#log.get(shard, sequence)
      if (record) minutes.push((this.clock.now() - decodeHeader(record.payload).receivedAt) / MINUTE_MS)
    }
    return minutes
  }

  /** Sequences of the shard's records that the stream holds an item of. */
  async inStream(stream: string, shard: number): Promise<number[]> {
    const items = await this.#streams.read(stream, 0, 10_000)
    return items.filter((item) => item.shard === shard).map(({ sequence }) => sequence)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#retentions.map((retention) => retention.stop()))
  }
}

// The clients of one run: writers with users of their own, some of them in bursts, readers of
// everybody's profiles, and a subscriber of each stream that was there from the beginning.
import { seededRandom } from '../support/random.ts'
import { STREAMS, type StreamName } from './definition.ts'
import type { Http } from './http.ts'
import type { Ledger } from './ledger.ts'
import { Observed } from './observed.ts'
import { Reader } from './reader.ts'
import { Subscriber } from './subscriber.ts'
import { Writer } from './writer.ts'

const USERS = 4_000
const WRITERS = 16
const BATCH_MAX = 15
const WRITE_INTERVAL_MS = 280
const BURST_WRITERS = 4
const BURST_USERS = 6
const BURST_BATCH_MAX = 300
const BURST_INTERVAL_MS = 400
const READERS = 4
const READ_INTERVAL_MS = 40

export class Load {
  readonly streams: Record<StreamName, Observed>
  readonly subscribers: readonly Subscriber[]
  readonly #writers: Writer[] = []
  readonly #readers: Reader[] = []
  #writing: Promise<unknown> = Promise.resolve()
  #others: Promise<unknown> = Promise.resolve()

  /** @param slowness makes all pauses of writers and readers so many times longer */
  constructor(http: Http, ledger: Ledger, origins: readonly string[], seed: number, slowness: number) {
    const common = { http, ledger, origins }
    const all = Array.from({ length: USERS }, (_, index) => ledger.user(`u-${index}`))
    for (let lane = 0; lane < WRITERS; lane++) {
      const users = all.filter((_, index) => index % WRITERS === lane)
      const random = seededRandom(seed * 1_000 + lane)
      const pace = { batchMax: BATCH_MAX, intervalMs: slowness * WRITE_INTERVAL_MS, bursts: false }
      this.#writers.push(new Writer({ ...common, ...pace, users, random }))
    }
    for (let lane = 0; lane < BURST_WRITERS; lane++) {
      const users = Array.from({ length: BURST_USERS }, (_, index) => ledger.user(`burst-${lane}-${index}`))
      const random = seededRandom(seed * 1_000 + 100 + lane)
      const pace = { batchMax: BURST_BATCH_MAX, intervalMs: slowness * BURST_INTERVAL_MS, bursts: true }
      this.#writers.push(new Writer({ ...common, ...pace, users, random }))
    }
    for (let lane = 0; lane < READERS; lane++) {
      const random = seededRandom(seed * 1_000 + 200 + lane)
      this.#readers.push(
        new Reader({ ...common, users: all, random, intervalMs: slowness * READ_INTERVAL_MS }),
      )
    }
    const random = seededRandom(seed * 1_000 + 300)
    this.streams = Object.fromEntries(STREAMS.map((name) => [name, new Observed(name, ledger)])) as Record<
      StreamName,
      Observed
    >
    this.subscribers = STREAMS.map(
      (stream) =>
        new Subscriber({
          stream,
          origins,
          random,
          ledger,
          onEntry: (body, place, arrivedAt) => this.streams[stream].take(body, place, arrivedAt),
        }),
    )
  }

  start(): void {
    this.#writing = Promise.all(this.#writers.map((writer) => writer.run()))
    this.#others = Promise.all([...this.#readers, ...this.subscribers].map((client) => client.run()))
    // Both are waited for below; a mistake of the suite shows there.
    this.#writing.catch(() => {})
    this.#others.catch(() => {})
  }

  /** Resolves when whatever is under way has an answer; readers and subscribers go on. */
  async stopWriting(): Promise<void> {
    for (const writer of this.#writers) writer.stop()
    await this.#writing
  }

  async stop(): Promise<void> {
    for (const client of [...this.#readers, ...this.subscribers]) client.stop()
    await this.#others
  }
}

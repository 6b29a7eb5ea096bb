// A subscriber of one stream over server-sent events that comes back, at another node, with its
// Last-Event-ID whenever the connection breaks. It notes every entry with its place and arrival.
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { request } from 'undici'
import type { Random } from '../support/random.ts'
import type { StreamName } from './definition.ts'
import { pick } from './fault.ts'
import type { Ledger } from './ledger.ts'

const RETRY_MS = 200
/** The engine says something every 15 s. */
const SILENCE_MS = 20_000

/** Entries of all streams, as far as the checks look at them. */
export interface EntryBody {
  id: string
  userId: string
  at?: string
  from?: string
  to?: string
  rule?: string
  actionId?: string
  payload?: Record<string, number>
  shard: number
  sequence: number
}

export interface Subscription {
  stream: StreamName
  origins: readonly string[]
  random: Random
  ledger: Ledger
  /**
   * Called with each entry, its place in the stream and its arrival (epoch ms), in the order they
   * come.
   */
  onEntry(body: EntryBody, place: string, arrivedAt: number): void
}

export class Subscriber {
  readonly #subscription: Subscription
  readonly #stop = new AbortController()
  #place = '0'
  /** How often it had to come back. */
  returns = -1

  constructor(subscription: Subscription) {
    this.#subscription = subscription
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Follows the stream from its beginning until it is stopped. */
  async run(): Promise<void> {
    const { random, origins } = this.#subscription
    while (!this.#stop.signal.aborted) {
      await this.#follow(pick(random, origins)).catch(() => {})
      await sleep(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  async #follow(origin: string): Promise<void> {
    const { stream, ledger } = this.#subscription
    const answer = await request(`${origin}/v1/streams/${stream}?after=0`, {
      headers: { accept: 'text/event-stream', ...(this.#place !== '0' && { 'last-event-id': this.#place }) },
      signal: this.#stop.signal,
      headersTimeout: 4_000,
      bodyTimeout: SILENCE_MS,
    })
    if (answer.statusCode !== 200) {
      const text = await answer.body.text()
      if (answer.statusCode !== 503 && answer.statusCode !== 429) {
        ledger.violation(
          'a subscriber was refused',
          `${stream} after ${this.#place}: ${answer.statusCode} ${text}`,
        )
      }
      return
    }
    this.returns++
    const parser = createParser({ onEvent: (event) => this.#take(event) })
    const decoder = new TextDecoder()
    for await (const bytes of answer.body) parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }))
  }

  #take({ id, event, data }: EventSourceMessage): void {
    if (event !== undefined || id === undefined) return
    this.#place = id
    this.#subscription.onEntry(JSON.parse(data) as EntryBody, id, Date.now())
  }
}

// An unmodified `eventsource` client on one stream that writes down every event with the moment it
// came. It comes back by itself, as that client does.
import { EventSource } from 'eventsource'
import { onTestFinished } from 'vitest'
import { until } from './until.ts'

export interface Heard<Data> {
  /** Place in the stream: what the client sends as Last-Event-ID. */
  place: string
  data: Data
  /** Epoch ms. */
  arrivedAt: number
}

export class Listener<Data> {
  readonly heard: Heard<Data>[] = []
  /** How often it was connected. */
  connections = 0
  readonly #source: EventSource
  readonly #url: string

  private constructor(url: string) {
    this.#url = url
    this.#source = new EventSource(url)
    this.#source.onopen = () => {
      this.connections++
    }
    this.#source.onmessage = ({ data, lastEventId }) => {
      this.heard.push({ place: lastEventId, data: JSON.parse(data), arrivedAt: Date.now() })
    }
  }

  /**
   * Subscribes until the running test ends; resolves when connected. `path` begins with
   * /v1/streams/.
   */
  static async open<Data>(origin: string, path: string): Promise<Listener<Data>> {
    const listener = new Listener<Data>(origin + path)
    onTestFinished(() => listener.close())
    await listener.reconnected(0)
    return listener
  }

  get entries(): Data[] {
    return this.heard.map(({ data }) => data)
  }

  /** Resolves when it was connected more often than `before`. Throws if the client has given up. */
  reconnected(before: number): Promise<boolean> {
    return until(
      () => this.#stillTrying() && this.connections > before,
      () => `${this.#url}: connected ${this.connections} times`,
    )
  }

  /**
   * Resolves when so many events have come. Throws if the client has given up, or waits for them in
   * vain.
   */
  has(count: number, patienceMs = 30_000): Promise<boolean> {
    return until(
      () => this.#stillTrying() && this.heard.length >= count,
      () => `${this.#url}: ${this.heard.length} events came, not ${count}`,
      patienceMs,
    )
  }

  close(): void {
    this.#source.close()
  }

  #stillTrying(): boolean {
    if (this.#source.readyState === EventSource.CLOSED)
      throw new Error(`${this.#url}: the client has given up`)
    return true
  }
}

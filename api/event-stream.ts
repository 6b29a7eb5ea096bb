// One response of server-sent events. It knows whether the reader takes what is sent. It never
// holds more than the last write, because the writer waits for `taken` between two writes.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { LIMITS } from '../src/limits.ts'
import type { Clock } from '../src/runtime/clock.ts'

/**
 * `Connection: close`, so that an ended stream leaves no connection for which a stopping server
 * would wait.
 */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  connection: 'close',
}

export interface ServerSentEvent {
  /** The client sends it as Last-Event-ID when it comes back. */
  id?: string
  /** Undefined: the type that `onmessage` of an EventSource gets. */
  event?: string
  /** One line. */
  data: string
}

export class EventStream {
  readonly #response: ServerResponse
  readonly #clock: Clock
  #stopBeating = () => {}

  /** @param headers in addition to those of every stream */
  constructor(response: ServerResponse, clock: Clock, headers: OutgoingHttpHeaders = {}) {
    this.#response = response
    this.#clock = clock
    response.once('close', () => this.#stopBeating())
    // The reader has gone; `close` follows.
    response.on('error', () => {})
    response.writeHead(200, { ...headers, ...HEADERS })
  }

  get open(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded
  }

  onClosed(callback: () => void): void {
    this.#response.once('close', callback)
  }

  /**
   * Tells the client that it is connected, where it is in the stream, and how soon to come back.
   */
  begin(id: string, retryMs: number): void {
    this.#response.write(`: connected\nretry: ${retryMs}\nid: ${id}\n\n`)
  }

  /**
   * Sends a comment now and then, with the id of the place reached, because entries that the filter
   * drops move it too.
   */
  beat(id: () => string): void {
    this.#stopBeating = this.#clock.after(LIMITS.streamHeartbeatMs, () => {
      if (!this.open) return
      if (!this.#response.writableNeedDrain) this.#response.write(`: heartbeat\nid: ${id()}\n\n`)
      this.beat(id)
    })
  }

  send(events: readonly ServerSentEvent[]): void {
    if (this.open) this.#response.write(events.map(textOf).join(''))
  }

  /**
   * Resolves with true when there is room for more or the reader has gone; with false when the
   * reader took nothing for `stallMs`.
   */
  taken(stallMs: number): Promise<boolean> {
    const response = this.#response
    if (!this.open || !response.writableNeedDrain) return Promise.resolve(true)
    return new Promise((resolve) => {
      const settle = (taken: boolean) => {
        cancel()
        response.off('drain', onTaken).off('close', onTaken)
        resolve(taken)
      }
      const onTaken = () => settle(true)
      const cancel = this.#clock.after(stallMs, () => settle(false))
      response.once('drain', onTaken).once('close', onTaken)
    })
  }

  /**
   * Ends after everything that was sent. If the reader has not taken that after `patienceMs`, it
   * ends anyway.
   */
  end(patienceMs: number): void {
    if (!this.open) return
    this.#stopBeating()
    this.#response.end()
    const cancel = this.#clock.after(patienceMs, () => this.#response.destroy())
    this.#response.once('close', cancel)
  }

  /** Ends at once if the reader is behind, because it resumes from what it got. */
  stop(): void {
    if (this.#response.writableLength > 0) this.#response.destroy()
    else this.end(LIMITS.streamStallMs)
  }
}

function textOf({ id, event, data }: ServerSentEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`
}

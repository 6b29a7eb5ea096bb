// Writes to and reads from every shard of a cluster again and again, one at a time each, through
// one node, and keeps what became of each request and when.
import { setTimeout as pause } from 'node:timers/promises'
import { shardOf } from '../../src/model/hash.ts'
import { HttpConnection, RefusedError } from './http-connection.ts'
import { userIdOf } from './segment-batch.ts'

/** One request. Times as performance.now() gives them. */
export interface Asked {
  sentAt: number
  answeredAt: number
  /** 2xx. */
  ok: boolean
  /** Of a read: whether the shard's owner has answered. */
  live: boolean
}

/** How long after an answer the next request goes out. */
export const WATCH_INTERVAL_MS = 25
/** The action that it sends: the definition has to know it. */
export const WATCHED = 'watched'
/** Its users are numbered past all others. */
const FIRST_USER = 6_000_000

export class ShardWatch {
  /** By shard, in the order in which they were sent. */
  readonly writes: Asked[][] = []
  readonly reads: Asked[][] = []
  readonly #port: number
  readonly #running: Promise<void>[] = []
  #stopped = false

  private constructor(port: number) {
    this.#port = port
  }

  /** Resolves when every shard has been written to and read from. */
  static async start(port: number, shards: number): Promise<ShardWatch> {
    const watch = new ShardWatch(port)
    for (let shard = 0; shard < shards; shard++) {
      const user = userOf(shard, shards)
      const connections = [await HttpConnection.open(port), await HttpConnection.open(port)] as const
      const writes = [await watch.#ask(connections[0], watch.#write(user))]
      const reads = [await watch.#ask(connections[1], watch.#read(user))]
      watch.writes[shard] = writes
      watch.reads[shard] = reads
      watch.#running.push(
        watch.#askOn(connections[0], () => watch.#write(user), writes),
        watch.#askOn(connections[1], () => watch.#read(user), reads),
      )
    }
    return watch
  }

  /** Resolves when all that was asked is answered. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
  }

  async #askOn(connection: HttpConnection, next: () => Buffer, asked: Asked[]): Promise<void> {
    while (!this.#stopped) {
      asked.push(await this.#ask(connection, next()))
      await pause(WATCH_INTERVAL_MS)
    }
    connection.close()
  }

  async #ask(connection: HttpConnection, request: Buffer): Promise<Asked> {
    const sentAt = performance.now()
    const answer = await connection.send(request).catch((error: unknown) => {
      if (!(error instanceof RefusedError)) throw error
    })
    const live = answer?.includes('"source":"live"') === true
    return { sentAt, answeredAt: performance.now(), ok: answer !== undefined, live }
  }

  #write(userId: string): Buffer {
    const body = JSON.stringify({ userId, action: WATCHED })
    return Buffer.from(
      `POST /v1/actions HTTP/1.1\r\nhost: 127.0.0.1:${this.#port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  }

  #read(userId: string): Buffer {
    return Buffer.from(`GET /v1/profiles/${userId} HTTP/1.1\r\nhost: 127.0.0.1:${this.#port}\r\n\r\n`)
  }
}

function userOf(shard: number, shards: number): string {
  for (let user = FIRST_USER; ; user++) {
    if (shardOf(userIdOf(user), shards) === shard) return userIdOf(user)
  }
}

// Spares a follower the decoding of records that its own process has appended. The appender offers
// the decoded actions; when the record comes back from JetStream, the follower takes them. Only a
// bounded amount waits. A follower that finds nothing decodes the record itself.

/** Records that wait, and the bytes of their payloads. */
const WAITING_MAX = 1_024
const WAITING_BYTES_MAX = 16 * 1024 * 1024

export class Handover {
  readonly #prefix: string
  /** In the order in which they were offered. */
  readonly #waiting = new Map<string, { decoded: unknown; bytes: number }>()
  #bytes = 0
  #count = 0

  /** @param prefix unlike that of any other process */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Whether a token was given by this process. */
  isOwn(token: string | undefined): boolean {
    return token?.startsWith(`${this.#prefix}.`) === true
  }

  /** Gives the token that travels with the record, even if there is nothing to offer. */
  offer(decoded: unknown, bytes: number): string {
    const token = `${this.#prefix}.${++this.#count}`
    if (decoded === undefined) return token
    this.#waiting.set(token, { decoded, bytes })
    this.#bytes += bytes
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= WAITING_MAX && this.#bytes <= WAITING_BYTES_MAX) break
      this.take(oldest)
    }
    return token
  }

  /** What was offered under the token. It can be taken once. */
  take(token: string): unknown {
    const found = this.#waiting.get(token)
    if (!found) return undefined
    this.#waiting.delete(token)
    this.#bytes -= found.bytes
    return found.decoded
  }
}

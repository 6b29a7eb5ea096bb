// The file of rejected rows: one JSON line each, in the order of sending. It grows only as the mark passes,
// so that after a kill it can be cut back to what the checkpoint covers.
import { appendFileSync, existsSync, statSync, truncateSync } from 'node:fs'
import { fileError } from '../cli-error.ts'

export class RejectedFile {
  readonly path: string
  /** Bytes written so far. */
  bytes: number
  #waiting = ''
  #cutBack = false

  /**
   * @param bytes what the checkpoint covers; anything beyond belongs to rows that will come again
   */
  constructor(path: string, bytes: number) {
    this.path = path
    this.bytes = bytes
  }

  add(row: number, code: string, message: string, source: unknown): void {
    this.#waiting += `${JSON.stringify({ row, code, message, source })}\n`
  }

  /** Writes what was added; must happen before the checkpoint that counts it. */
  flush(): void {
    try {
      if (!this.#cutBack) this.#cutToBytes()
      if (this.#waiting === '') return
      appendFileSync(this.path, this.#waiting)
    } catch (error) {
      throw fileError(this.path, error)
    }
    this.bytes += Buffer.byteLength(this.#waiting)
    this.#waiting = ''
  }

  /** Not before the first flush: a run that is refused leaves the file as it was. */
  #cutToBytes(): void {
    this.bytes = existsSync(this.path) ? Math.min(this.bytes, statSync(this.path).size) : 0
    if (existsSync(this.path)) truncateSync(this.path, this.bytes)
    this.#cutBack = true
  }
}

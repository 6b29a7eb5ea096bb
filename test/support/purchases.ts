// A client that posts numbered purchases to a real engine at a steady rate, one request after the
// other, and writes down what was acknowledged. A request without an answer is sent again, with the
// same ids, until it has one.
import { setTimeout as pause } from 'node:timers/promises'
import type { EngineProcess } from './engine.ts'

const BATCH_ACTIONS = 100
const RETRY_MS = 50

export interface Purchase {
  id: string
  userId: string
  action: 'purchase'
  properties: { n: number; lucky: boolean; pad?: string }
}

export interface Decision {
  id: string
  userId: string
  rule: string
  actionId?: string
}

interface Receipt {
  id: string
  status: string
  decisions?: Decision[]
}

export class Purchases {
  readonly acknowledged: Purchase[] = []
  /** Those that stood on receipts. */
  readonly decisions: Decision[] = []
  /** Actions that had to be sent again and turned out to be there already. */
  duplicates = 0
  /** True while a request is on its way. */
  waiting = false
  readonly #engine: EngineProcess
  readonly #users: number
  readonly #pad: string | undefined
  #made = 0

  /** @param padLength characters that each action carries for nothing */
  constructor(engine: EngineProcess, users: number, padLength = 0) {
    this.#engine = engine
    this.#users = users
    this.#pad = padLength > 0 ? 'x'.repeat(padLength) : undefined
  }

  /**
   * Posts at most so many actions per second while `goOn` says so. Gives the rate that was reached.
   */
  async post(perSecond: number, goOn: () => boolean): Promise<number> {
    const startedAt = performance.now()
    const before = this.acknowledged.length
    for (let batches = 0; goOn(); batches++) {
      await this.#postBatch(this.#makeBatch())
      const nextAt = startedAt + ((batches + 1) * BATCH_ACTIONS * 1_000) / perSecond
      await pause(Math.max(0, nextAt - performance.now()))
    }
    return ((this.acknowledged.length - before) * 1_000) / (performance.now() - startedAt)
  }

  #makeBatch(): Purchase[] {
    return Array.from({ length: BATCH_ACTIONS }, () => {
      const n = this.#made++
      const properties = { n, lucky: n % 7 === 0, ...(this.#pad !== undefined && { pad: this.#pad }) }
      return { id: `p-${n}`, userId: `u-${(n * 31) % this.#users}`, action: 'purchase', properties }
    })
  }

  async #postBatch(batch: Purchase[]): Promise<void> {
    for (;;) {
      this.waiting = true
      try {
        const path = '/v1/actions?wait=applied&return=decisions'
        this.#take(batch, (await this.#engine.json<{ receipts: Receipt[] }>(path, batch)).receipts)
        return
      } catch (error) {
        if (!isPassing(error)) throw error
      } finally {
        this.waiting = false
      }
      await pause(RETRY_MS)
    }
  }

  #take(batch: Purchase[], receipts: Receipt[]): void {
    for (const [index, action] of batch.entries()) {
      const { id, status, decisions } = receipts[index] ?? {}
      if (id !== action.id || (status !== 'accepted' && status !== 'duplicate'))
        throw new Error(`${action.id} was answered ${JSON.stringify(receipts[index])}`)
      if (status === 'duplicate') this.duplicates++
      this.acknowledged.push(action)
      this.decisions.push(...(decisions ?? []))
    }
  }
}

/** A broken connection, also while the body is read, and an engine that is still starting. */
function isPassing(error: unknown): boolean {
  return error instanceof TypeError || /: (429|503) /.test(String(error))
}

// A plain HTTP client that posts batches of numbered actions on several lanes and writes down what
// was acknowledged. A batch without an answer stays pending and is sent again, with the same ids,
// when the lanes go on.
import type { EngineProcess } from './engine.ts'

export interface NumberedAction {
  id: string
  userId: string
  action: 'purchase'
  occurredAt: string
  properties: { amount: number }
}

interface Receipt {
  id: string
  status: string
}

const BATCH_ACTIONS = 100
const LANES = 4
const USERS = 97
const FIRST_AT = Date.parse('2025-03-01T00:00:00Z')
const ACTION_INTERVAL_MS = 20_000

/**
 * The n-th action. Its amount tells it from any other; its time makes some actions late, as real
 * ones are.
 */
function numbered(n: number): NumberedAction {
  const late = n % 7 === 0 ? 90_000_000 : 0
  return {
    id: `action-${n}`,
    userId: `u-${(n * 31) % USERS}`,
    action: 'purchase',
    occurredAt: new Date(FIRST_AT + n * ACTION_INTERVAL_MS - late).toISOString(),
    properties: { amount: n },
  }
}

export class RecordingClient {
  readonly acknowledged: NumberedAction[] = []
  /** One batch per lane that was sent and not answered. */
  readonly pending: NumberedAction[][] = []
  readonly users = Array.from({ length: USERS }, (_, user) => `u-${user}`)
  readonly #engine: EngineProcess
  #made = 0

  constructor(engine: EngineProcess) {
    this.#engine = engine
  }

  /** Instant after every action made so far (epoch ms). */
  get newestAt(): number {
    return FIRST_AT + this.#made * ACTION_INTERVAL_MS
  }

  /** Posts on all lanes until each has lost the engine. Pending batches go first. */
  async postUntilLost(): Promise<void> {
    const again = this.pending.splice(0)
    await Promise.all(Array.from({ length: LANES }, (_, lane) => this.#runLane(again[lane])))
  }

  /** Sends what is pending; the engine must take it. */
  async settle(): Promise<void> {
    for (const batch of this.pending.splice(0)) {
      if (!(await this.#post(batch, true))) throw new Error('the engine was lost')
    }
  }

  async #runLane(again: NumberedAction[] | undefined): Promise<void> {
    let repeated = again !== undefined
    let batch = again ?? this.#makeBatch()
    while (await this.#post(batch, repeated)) {
      batch = this.#makeBatch()
      repeated = false
    }
    this.pending.push(batch)
  }

  #makeBatch(): NumberedAction[] {
    return Array.from({ length: BATCH_ACTIONS }, () => numbered(this.#made++))
  }

  /**
   * False if the connection was refused or broke. Throws on any other answer than receipts for all.
   */
  async #post(batch: NumberedAction[], repeated: boolean): Promise<boolean> {
    let receipts: Receipt[]
    try {
      const answer = await this.#engine.json<{ receipts: Receipt[] }>('/v1/actions', batch)
      receipts = answer.receipts
    } catch (error) {
      // fetch throws this for a broken connection, also while it reads the body.
      if (error instanceof TypeError) return false
      throw error
    }
    for (const [index, action] of batch.entries()) {
      const { id, status } = receipts[index] ?? {}
      const taken = status === 'accepted' || (repeated && status === 'duplicate')
      if (id !== action.id || !taken)
        throw new Error(`${action.id} was answered ${JSON.stringify(receipts[index])}`)
      this.acknowledged.push(action)
    }
    return true
  }
}

// A client that drives its own users: each action waits for the acknowledgement of the user's last
// one, so their order is known. What has no clear answer is sent again with the same ids,
// elsewhere; now and then it is given up, and stays unknown.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import { actionOf, type SentAction } from './definition.ts'
import { pick } from './fault.ts'
import type { Http } from './http.ts'
import type { KnownUser, Ledger } from './ledger.ts'

const RETRY_MS = 150
/** One in so many. */
const GIVES_UP = 25
const SENDS_TWICE = 30
const SENDS_AGAIN = 40
const BURST_REQUESTS = 25
/** A copy of a request that is still on its way must not come when its ids are forgotten. */
const BURST_REST_MS = 30_000
/** Of the writer, between the bursts of two users: half of the time there is none. */
const BURST_PAUSE_MS = 10_000

interface Receipt {
  id: string | null
  status: 'accepted' | 'duplicate' | 'rejected'
  sequence?: number
  decisions?: { id: string }[]
  error?: unknown
}

export interface WriterOptions {
  http: Http
  ledger: Ledger
  random: Random
  /** Of nodes that are meant to be there. */
  origins: readonly string[]
  users: readonly KnownUser[]
  /** Actions in a request at most. */
  batchMax: number
  /**
   * True: all actions of a request are one user's, and so are those of the next ones: more than the
   * engine remembers ids of, for only the log's own sequence tells what of it was counted.
   */
  bursts: boolean
  /** Pause from one request's beginning to the next one's. */
  intervalMs: number
}

export class Writer {
  readonly #options: WriterOptions
  #stopped = false
  #lastBatch: SentAction[] = []
  /** Whose burst it is, and until when the others rest. */
  #burst: KnownUser | undefined
  #pauseUntil = 0
  readonly #restsUntil = new Map<KnownUser, number>()

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Ends after the request that is under way, and its repetitions. */
  stop(): void {
    this.#stopped = true
  }

  async run(): Promise<void> {
    const { random, intervalMs } = this.#options
    let nextAt = performance.now() + random.below(intervalMs)
    while (!this.#stopped) {
      await sleep(Math.max(0, nextAt - performance.now()))
      nextAt = Math.max(nextAt, performance.now() - intervalMs) + intervalMs
      if (this.#lastBatch.length > 0 && random.below(SENDS_AGAIN) === 0) await this.#sendOldOnes()
      if (this.#options.bursts && !this.#chooseBurst()) continue
      const batch = this.#makeBatch()
      const answer = await this.#send(batch)
      this.#lastBatch = answer === 'given up' ? [] : batch
      if (this.#burst && answer !== 'at once') this.#endBurst()
    }
  }

  /** Actions of a few users; sometimes several of one. */
  #makeBatch(): SentAction[] {
    const { random, users, batchMax } = this.#options
    const batch: SentAction[] = []
    const length = 1 + random.below(batchMax)
    while (batch.length < length) {
      const user = this.#burst ?? pick(random, users)
      const occurredAt = Math.max(Date.now(), (user.sentAt.at(-1) ?? 0) + 1)
      user.sentAt.push(occurredAt)
      user.sequences.push(-1)
      batch.push(actionOf(user.userId, user.sentAt.length, occurredAt))
    }
    this.#options.ledger.count('actions sent', length)
    return batch
  }

  /** False while there is no burst. */
  #chooseBurst(): boolean {
    const { random, users } = this.#options
    if (this.#burst && random.below(BURST_REQUESTS) > 0) return true
    const now = performance.now()
    if (this.#burst) this.#pauseUntil = now + BURST_PAUSE_MS
    this.#burst = undefined
    if (now < this.#pauseUntil) return false
    const rested = users.filter((user) => (this.#restsUntil.get(user) ?? 0) <= now)
    this.#burst = rested.length > 0 ? pick(random, rested) : undefined
    return this.#burst !== undefined
  }

  #endBurst(): void {
    this.#restsUntil.set(this.#burst!, performance.now() + BURST_REST_MS)
    this.#burst = undefined
  }

  /**
   * Resolves when every action of the batch is acknowledged, at once or after repetitions, or it
   * was given up.
   */
  async #send(batch: SentAction[]): Promise<'at once' | 'in the end' | 'given up'> {
    const { random, origins, ledger } = this.#options
    let sent = false
    if (random.below(SENDS_TWICE) === 0) {
      ledger.count('requests sent to two nodes at once')
      const first = random.below(origins.length)
      const second = (first + 1 + random.below(origins.length - 1)) % origins.length
      const answers = await Promise.all([first, second].map((at) => this.#post(batch, origins[at]!)))
      for (const receipts of answers) if (receipts) this.#take(batch, receipts, true)
      this.#expectOneAcceptanceAtMost(batch, answers)
      if (answers.every((receipts) => receipts !== undefined)) return 'at once'
      if (answers.some((receipts) => receipts !== undefined)) return 'in the end'
      ledger.count('requests repeated')
      sent = true
    }
    for (;;) {
      const receipts = await this.#post(batch, pick(random, origins))
      if (receipts) {
        this.#take(batch, receipts, sent)
        return sent ? 'in the end' : 'at once'
      }
      sent = true
      if (random.below(GIVES_UP) === 0) {
        ledger.count('actions given up', batch.length)
        return 'given up'
      }
      ledger.count('requests repeated')
      await sleep(RETRY_MS + random.below(RETRY_MS))
    }
  }

  /** Undefined where the answer was none, or to come back later. */
  async #post(batch: SentAction[], origin: string): Promise<Receipt[] | undefined> {
    const { http, ledger } = this.#options
    const path = '/v1/actions?return=decisions'
    const answer = await http.json<{ receipts?: Receipt[] }>(origin, path, batch)
    if (!answer) {
      ledger.count('requests without an answer')
      return undefined
    }
    if (answer.body.receipts) return answer.body.receipts
    ledger.count(`requests answered ${answer.status}`)
    if (answer.status !== 429 && answer.status !== 503) {
      ledger.violation('an answer that no client expects', `${answer.status} ${JSON.stringify(answer.body)}`)
    }
    return undefined
  }

  #take(batch: SentAction[], receipts: Receipt[], mayBeThere: boolean): void {
    const { ledger } = this.#options
    for (const [index, { id, userId, properties }] of batch.entries()) {
      const receipt = receipts[index]
      const user = ledger.user(userId)
      const taken = receipt?.status === 'accepted' || receipt?.status === 'duplicate'
      if (receipt?.id !== id || !taken) {
        ledger.violation('a receipt that is no acknowledgement', `${id}: ${JSON.stringify(receipt)}`)
        continue
      }
      // A node sends on what an owner has taken and could no longer answer: its successor finds it
      // there.
      if (receipt.status === 'duplicate' && !mayBeThere) ledger.count('duplicates at the first answer')
      ledger.count(`receipts ${receipt.status}`)
      ledger.heardOf(user.shard)
      user.acknowledge(properties.n, receipt.sequence ?? 0)
      for (const decision of receipt.decisions ?? []) ledger.decisionIds.add(decision.id)
    }
  }

  #expectOneAcceptanceAtMost(batch: SentAction[], answers: (Receipt[] | undefined)[]): void {
    const [first, second] = answers
    if (!first || !second) return
    for (const [index, { id }] of batch.entries()) {
      if (first[index]?.status !== 'accepted' || second[index]?.status !== 'accepted') continue
      this.#options.ledger.violation('an action sent to two nodes was accepted by both', id)
    }
  }

  /** What was acknowledged is a duplicate ever after, at every node. */
  async #sendOldOnes(): Promise<void> {
    const { random, origins, ledger } = this.#options
    const receipts = await this.#post(this.#lastBatch, pick(random, origins))
    if (!receipts) return
    ledger.count('acknowledged requests sent once more')
    for (const [index, { id }] of this.#lastBatch.entries()) {
      const status = receipts[index]?.status
      if (status !== 'duplicate') {
        ledger.violation('an acknowledged action was accepted once more', `${id}: ${status}`)
      }
    }
  }
}

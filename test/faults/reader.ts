// A client that reads profiles through any node, half of the time with the sequence on the newest
// receipt, and holds each answer against what was acknowledged before it asked.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import { isAct } from './definition.ts'
import { pick } from './fault.ts'
import type { Http } from './http.ts'
import type { KnownUser, Ledger } from './ledger.ts'

export interface ProfileBody {
  userId: string
  features: { acts: number; total: number; newest: number | null }
  stage?: { name: string }
  source: 'live' | 'snapshot'
  asOf: { shard: number; epoch: number; sequence: number; at: string }
}

/** What was acknowledged when the question was asked. */
interface Known {
  acts: number
  total: number
  sequence: number
}

export interface ReaderOptions {
  http: Http
  ledger: Ledger
  random: Random
  origins: readonly string[]
  users: readonly KnownUser[]
  intervalMs: number
}

export class Reader {
  readonly #options: ReaderOptions
  #stopped = false

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  stop(): void {
    this.#stopped = true
  }

  async run(): Promise<void> {
    const { random, users, intervalMs } = this.#options
    while (!this.#stopped) {
      const user = pick(random, users)
      if (user.acknowledged > 0) await this.#read(user)
      await sleep(random.below(2 * intervalMs))
    }
  }

  async #read(user: KnownUser): Promise<void> {
    const { http, ledger, random, origins } = this.#options
    const { acts, total, sequence } = user
    const asksFor = random.below(2) === 0
    const query = asksFor ? `?minSequence=${sequence}` : ''
    const path = `/v1/profiles/${user.userId}${query}`
    const answer = await http.json<ProfileBody>(pick(random, origins), path)
    if (!answer) {
      ledger.count('reads without an answer')
    } else if (answer.status === 200) {
      ledger.count(`reads answered ${answer.body.source}`)
      this.#compare(user, { acts, total, sequence }, asksFor, answer.body)
    } else {
      ledger.count(`reads answered ${answer.status}`)
      if (answer.status !== 503 && answer.status !== 429) {
        ledger.violation(
          'a read was answered wrongly',
          `${path}: ${answer.status} ${JSON.stringify(answer.body)}`,
        )
      }
    }
  }

  #compare(user: KnownUser, known: Known, askedFor: boolean, { features, source, asOf }: ProfileBody): void {
    const { ledger } = this.#options
    const missing = features.acts < known.acts || features.total < known.total
    const text = `${user.userId}: ${JSON.stringify({ features, source, asOf })}, acknowledged ${JSON.stringify(known)}`
    if (askedFor && asOf.sequence < known.sequence) ledger.violation('a read ignored minSequence', text)
    if (askedFor && missing) ledger.violation('a read with minSequence missed what was acknowledged', text)
    if (!askedFor && missing && source === 'live') {
      ledger.violation('a live read missed what was acknowledged', text)
    }
    if (source === 'snapshot' && features.acts < actsUpTo(user, asOf.sequence)) {
      ledger.violation('a snapshot missed what its own sequence covers', text)
    }
  }
}

/** Acknowledged acts with receipts at or before the sequence. */
function actsUpTo(user: KnownUser, sequence: number): number {
  let acts = 0
  for (const [index, at] of user.sequences.entries()) {
    if (at > 0 && at <= sequence && isAct(index + 1)) acts++
  }
  return acts
}

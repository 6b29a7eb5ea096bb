// One user by the plain words of the definition: what the actions and ticks of the log must lead
// to, without any of the engine's code. It keeps every number it has seen, so nothing is ever
// forgotten.
import {
  HISTORY_WAIT_MS,
  LUCKY_COOLDOWN_MS,
  REGULAR_ACTS,
  RETURNS_MAX,
  type SentAction,
  SILENCE_MS,
} from './definition.ts'

export type Stage = 'new' | 'active' | 'regular' | 'quiet'

/** One entry of a stream, as far as it is predicted. */
export interface Expected {
  stream: 'stages' | 'rewards' | 'messages'
  /** `shard.sequence.position.ordinal` */
  id: string
  /** What the entry must say besides its id, as one text. */
  text: string
  /** Epoch ms. */
  at: number
}

/** Where an action stands in the log: `shard.sequence.position`. */
type Place = string

export class NaiveUser {
  /** Numbers of the actions that were accepted, in the order of the log. */
  readonly accepted: number[] = []
  readonly expected: Expected[] = []
  acts = 0
  total = 0
  stage: Stage | undefined
  newestAt = 0
  readonly #seen = new Set<number>()
  #since = 0
  #hasMoved = false
  #clock = 0
  #wakeAt = Number.POSITIVE_INFINITY
  #luckyAt = Number.NEGATIVE_INFINITY
  #returns = 0
  #place: Place = ''
  #ordinal = 0

  apply(action: SentAction, place: Place, receivedAt: number): void {
    const { occurredAt, properties } = action
    if (this.#seen.has(properties.n)) return
    this.#seen.add(properties.n)
    this.accepted.push(properties.n)
    this.#begin(place)
    const at = Math.max(occurredAt, this.#clock)
    this.#fallSilent(at)
    this.newestAt = Math.max(this.newestAt, occurredAt)
    if (this.stage === undefined) {
      this.stage = 'new'
      this.#since = at
    }
    if (action.action === 'act') this.#act(action, at)
    this.#clock = at
    const due = this.#silentFrom()
    this.#wakeAt = due > receivedAt ? due : receivedAt + HISTORY_WAIT_MS
  }

  /** A tick for this user at `at`, epoch ms. */
  tick(at: number, place: Place): void {
    if (this.#wakeAt > at) return
    this.#begin(place)
    this.#fallSilent(at)
    this.#wakeAt = this.#silentFrom()
  }

  #begin(place: Place): void {
    this.#place = place
    this.#ordinal = 0
  }

  #act({ id, occurredAt, properties: { n, lucky } }: SentAction, at: number): void {
    this.acts++
    this.total += n
    const reaches = !this.#hasMoved || occurredAt >= this.#since
    if (reaches && (this.stage === 'new' || this.stage === 'quiet')) this.#enter('active', at, id)
    if (this.stage === 'active' && this.acts >= REGULAR_ACTS) this.#enter('regular', at, id)
    if (this.acts === 1) this.#decide('rewards', 'first', at, { n }, id)
    if (lucky && at - this.#luckyAt >= LUCKY_COOLDOWN_MS) {
      this.#luckyAt = at
      this.#decide('rewards', 'lucky', at, { n, acts: this.acts }, id)
    }
    if (this.acts % 5 === 0) this.#decide('rewards', 'fifth', at, { acts: this.acts, total: this.total }, id)
  }

  #silentFrom(): number {
    const canBe = this.stage === 'active' || this.stage === 'regular'
    const due = this.newestAt + SILENCE_MS
    return canBe && due > this.#since ? due : Number.POSITIVE_INFINITY
  }

  #fallSilent(until: number): void {
    const due = this.#silentFrom()
    if (due > until) return
    this.#enter('quiet', due)
    this.#clock = due
  }

  #enter(stage: Stage, at: number, actionId?: string): void {
    this.#expect('stages', at, { from: this.stage, to: stage, at: new Date(at).toISOString(), actionId })
    this.stage = stage
    this.#since = at
    this.#hasMoved = true
    if (stage === 'quiet') this.#decide('messages', 'hush', at, { acts: this.acts })
    if (stage === 'active' && this.#returns < RETURNS_MAX) {
      this.#returns++
      this.#decide('messages', 'returned', at, { acts: this.acts }, actionId)
    }
  }

  #decide(
    stream: Expected['stream'],
    rule: string,
    at: number,
    payload: Record<string, number>,
    actionId?: string,
  ): void {
    this.#expect(stream, at, { rule, at: new Date(at).toISOString(), actionId, payload })
  }

  #expect(stream: Expected['stream'], at: number, fields: object): void {
    const id = `${this.#place}.${this.#ordinal++}`
    this.expected.push({ stream, id, text: JSON.stringify(fields), at })
  }
}

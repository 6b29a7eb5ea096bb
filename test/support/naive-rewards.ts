// A small reward programme, and a naive model that says what each action of a user must cause in
// it: what receipts and streams of a real engine are compared with.

export const REWARDS_DEFINITION = `
version: 1
timezone: Europe/London
latenessLimit: 400d
features:
  purchases: { aggregate: count, action: purchase }
lifecycle:
  initial: new
  transitions:
    - { from: [new, returning], to: active, on: purchase }
    - { from: active, to: loyal, when: "features.purchases >= 5" }
    - { from: [active, loyal, returning], to: dormant, after: 60d }
    - { from: dormant, to: returning, on: purchase }
rules:
  first: { on: purchase, when: "features.purchases == 1", emit: { stream: rewards, payload: { text: "'hello ' + userId" } }, limit: 1 }
  loyal: { on: { stage: loyal }, emit: { stream: rewards } }
  asleep: { on: { stage: dormant }, emit: { stream: messages } }
  back: { on: { stage: returning }, emit: { stream: messages }, badge: true }
  big: { on: purchase, when: "properties.amount > 70", emit: { stream: rewards, payload: { amount: properties.amount } }, cooldown: 2d }
  seen: { on: view, emit: { stream: messages } }
`

const DAY_MS = 86_400_000
const SILENCE_MS = 60 * DAY_MS
const COOLDOWN_MS = 2 * DAY_MS
const LATENESS_MS = 400 * DAY_MS

export interface RewardAction {
  id: string
  userId: string
  action: 'purchase' | 'view'
  /** Epoch ms. */
  occurredAt: number
  properties: { amount: number }
}

/** One receipt in short: what became of the action, and what it caused. */
export interface Expected {
  status: 'accepted' | 'duplicate' | 'rejected'
  /** As `rule at`, in order. */
  decisions: string[]
}

export class NaiveUser {
  readonly #ids = new Set<string>()
  /** All decisions, also those that time caused. */
  readonly decisions: string[] = []
  purchases = 0
  #stage: string | undefined
  #since = 0
  #hasMoved = false
  #newestAt = 0
  #clock = 0
  #bigAt = Number.NEGATIVE_INFINITY

  apply({ id, action, occurredAt, properties }: RewardAction): Expected {
    if (this.#ids.has(id)) return { status: 'duplicate', decisions: [] }
    if (this.#newestAt - occurredAt > LATENESS_MS) return { status: 'rejected', decisions: [] }
    this.#ids.add(id)
    const at = Math.max(occurredAt, this.#clock)
    this.#fallAsleep(at)
    const before = this.decisions.length
    this.#newestAt = Math.max(this.#newestAt, occurredAt)
    if (action === 'purchase') this.purchases++
    this.#move(action, occurredAt, at)
    if (action === 'view') this.#decide('seen', at)
    else this.#reward(properties.amount, at)
    this.#clock = at
    return { status: 'accepted', decisions: this.decisions.slice(before) }
  }

  /** The stage that a reader sees at `now`, when nobody has acted since. */
  stageAt(now: number): string | undefined {
    return this.#sleepsFrom() <= now ? 'dormant' : this.#stage
  }

  #sleepsFrom(): number {
    const canSleep = this.#stage !== undefined && ['active', 'loyal', 'returning'].includes(this.#stage)
    const due = this.#newestAt + SILENCE_MS
    return canSleep && due > this.#since ? due : Number.POSITIVE_INFINITY
  }

  #fallAsleep(until: number): void {
    const due = this.#sleepsFrom()
    if (due > until) return
    this.#enter('dormant', due)
    this.#decide('asleep', due)
    this.#clock = due
  }

  #move(action: string, occurredAt: number, at: number): void {
    if (this.#stage === undefined) {
      this.#stage = 'new'
      this.#since = at
    }
    const reaches = !this.#hasMoved || occurredAt >= this.#since
    if (action === 'purchase' && reaches) {
      if (this.#stage === 'dormant') {
        this.#enter('returning', at)
        this.#decide('back', at)
      } else if (this.#stage === 'new' || this.#stage === 'returning') this.#enter('active', at)
    }
    if (this.#stage === 'active' && this.purchases >= 5) {
      this.#enter('loyal', at)
      this.#decide('loyal', at)
    }
  }

  #reward(amount: number, at: number): void {
    if (this.purchases === 1) this.#decide('first', at)
    if (amount <= 70 || at - this.#bigAt < COOLDOWN_MS) return
    this.#bigAt = at
    this.#decide('big', at)
  }

  #enter(stage: string, at: number): void {
    this.#stage = stage
    this.#since = at
    this.#hasMoved = true
  }

  #decide(rule: string, at: number): void {
    this.decisions.push(`${rule} ${new Date(at).toISOString()}`)
  }
}

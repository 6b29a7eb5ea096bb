// What the clients know: of every action whether it was acknowledged, of every violation what was
// seen, and how long each shard acknowledged nothing.
import { shardOf } from '../../src/model/hash.ts'
import { isAct } from './definition.ts'
import { SHARDS } from './topology.ts'

const VIOLATIONS_PER_KIND_MAX = 8

/** One user as the clients know it. Actions are numbered from 1. */
export class KnownUser {
  readonly userId: string
  readonly shard: number
  /** occurredAt of each action sent, by number - 1; strictly rising. */
  readonly sentAt: number[] = []
  /** Sequence on the receipt by number - 1: 0 for a duplicate, -1 while it is not acknowledged. */
  readonly sequences: number[] = []
  /** Acknowledged actions that count, and the sum of their numbers. */
  acts = 0
  total = 0
  acknowledged = 0
  /** Highest number that was acknowledged. */
  newest = 0
  /** Highest sequence on a receipt. */
  sequence = 0

  constructor(userId: string) {
    this.userId = userId
    this.shard = shardOf(userId, SHARDS)
  }

  isAcknowledged(n: number): boolean {
    return (this.sequences[n - 1] ?? -1) >= 0
  }

  acknowledge(n: number, sequence: number): void {
    if (this.isAcknowledged(n)) return
    this.sequences[n - 1] = sequence
    this.acknowledged++
    this.newest = Math.max(this.newest, n)
    this.sequence = Math.max(this.sequence, sequence)
    if (!isAct(n)) return
    this.acts++
    this.total += n
  }
}

/**
 * The longest time in which some shard acknowledged nothing, counted for what began in it, or
 * before it.
 */
export interface Silence {
  beganAt: number
  longestMs: number
}

/** Shards have pauses of such length without any fault. */
const USUAL_MS = 250

export class Ledger {
  readonly users = new Map<string, KnownUser>()
  /** Ids of decisions that stood on receipts. */
  readonly decisionIds = new Set<string>()
  readonly counts = new Map<string, number>()
  readonly #violations = new Map<string, string[]>()
  readonly #violationCounts = new Map<string, number>()
  readonly #ackedAt = new Array<number>(SHARDS).fill(performance.now())
  readonly #silences: Silence[] = []

  user(userId: string): KnownUser {
    let user = this.users.get(userId)
    if (!user) {
      user = new KnownUser(userId)
      this.users.set(userId, user)
    }
    return user
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by)
  }

  /** Something that must never be seen. Of each kind the first few are kept. */
  violation(kind: string, what: string): void {
    const found = this.#violations.get(kind) ?? []
    this.#violations.set(kind, found)
    this.#violationCounts.set(kind, (this.#violationCounts.get(kind) ?? 0) + 1)
    if (found.length < VIOLATIONS_PER_KIND_MAX) found.push(what)
  }

  /** One text per kind, with how often it was seen. */
  get violations(): string[] {
    return [...this.#violations].map(
      ([kind, found]) => `${kind} (${this.#violationCounts.get(kind)} times):\n    ${found.join('\n    ')}`,
    )
  }

  /** Silences of shards count for what begins now. */
  beginSilence(): Silence {
    const silence = { beganAt: performance.now(), longestMs: 0 }
    this.#silences.push(silence)
    return silence
  }

  /** An acknowledgement of the shard has come. */
  heardOf(shard: number): void {
    const now = performance.now()
    const before = this.#ackedAt[shard]!
    this.#ackedAt[shard] = now
    if (now - before < USUAL_MS) return
    const cause = this.#silences.find(({ beganAt }) => beganAt > before) ?? this.#silences.at(-1)
    if (cause) cause.longestMs = Math.max(cause.longestMs, now - before)
  }
}

// Runs a test of a definition: the same checks, fold and ticks as in an engine, with a clock that the
// steps set. Pure.
import { isDeepStrictEqual } from 'node:util'
import type { Definition } from '../definition/definition.ts'
import type { Expected, ReceiptStatus, Step, Story, StoryAction } from '../definition/story.ts'
import { OUTCOME, type Outcome } from '../ingest/batch.ts'
import { ItemProblem, validateItem } from '../ingest/validate.ts'
import type { Value } from '../model/value.ts'
import { Fold } from '../profile/fold.ts'
import { emptyProfile, type Profile } from '../profile/profile.ts'
import { readFeatures, selectFeatures } from '../profile/read.ts'
import type { Decision, Effect } from '../rules/effect.ts'

/** A step that went otherwise than expected. */
export interface Failure {
  line: number
  column: number
  /** What was otherwise, each in a line of its own. */
  differences: string[]
}

/** When a story begins that says nothing else: a Thursday. */
const BEGIN = Date.parse('2026-01-01T12:00:00Z')

const STATUS: Record<Outcome, ReceiptStatus> = {
  [OUTCOME.accepted]: 'accepted',
  [OUTCOME.duplicate]: 'duplicate',
  [OUTCOME.tooLate]: 'rejected',
  [OUTCOME.refused]: 'refused',
}

interface Receipt {
  status: ReceiptStatus
  /** Why it was rejected. */
  reason?: string
}

interface User {
  profile: Profile
  /** Since the last step that was about the user. */
  effects: Effect[]
}

export function runStory(definition: Definition, { steps }: Story): Failure[] {
  const run = new Run(definition)
  return steps.flatMap((step) => {
    const differences = run.take(step)
    return differences.length > 0 ? [{ line: step.line, column: step.column, differences }] : []
  })
}

class Run {
  readonly #definition: Definition
  readonly #fold: Fold
  readonly #users = new Map<string, User>()
  #now = BEGIN
  #hasBegun = false
  #sequence = 0

  constructor(definition: Definition) {
    this.#definition = definition
    this.#fold = new Fold(definition)
  }

  /** What was otherwise than expected. */
  take({ at, afterMs, user: name, action, expected }: Step): string[] {
    const before = this.#now
    this.#now = at ?? before + afterMs
    if (this.#hasBegun && this.#now < before)
      return [`the step is at ${iso(this.#now)}, before the one before it: ${iso(before)}`]
    this.#hasBegun = true
    for (const [other, user] of this.#users) this.#letTimePass(other, user)
    const user = this.#users.get(name) ?? { profile: emptyProfile(this.#definition), effects: [] }
    this.#users.set(name, user)
    const receipt = action && this.#send(name, user, action)
    const differences = [
      ...this.#compareReceipt(receipt, expected),
      ...this.#compareUser(name, user, expected),
    ]
    user.effects = []
    return differences
  }

  /** As the ticks of an engine would. */
  #letTimePass(name: string, { profile, effects }: User): void {
    for (;;) {
      const due = profile.standing?.wakeAt ?? Number.POSITIVE_INFINITY
      if (due > this.#now) return
      this.#fold.tick(name, profile, this.#place(), due, effects)
    }
  }

  #send(userId: string, { profile, effects }: User, { lateMs, item }: StoryAction): Receipt {
    const sent = { ...item, userId, occurredAt: this.#now - lateMs }
    try {
      const made = () => `step-${this.#sequence}`
      const action = validateItem(this.#definition, sent, this.#now, made)
      const status = STATUS[this.#fold.apply(profile, action, this.#place(), this.#now, effects)]
      return status === 'rejected' ? { status, reason: 'it is older than the latenessLimit' } : { status }
    } catch (error) {
      if (!(error instanceof ItemProblem)) throw error
      return { status: 'rejected', reason: `${error.path} ${error.message}`.trim() }
    }
  }

  #place() {
    return { shard: 0, sequence: ++this.#sequence, position: 0 }
  }

  #compareReceipt(receipt: Receipt | undefined, { receipt: expected }: Expected): string[] {
    if (!receipt || expected === undefined || receipt.status === expected) return []
    const reason = receipt.reason ? ` (${receipt.reason})` : ''
    return [`the action is ${receipt.status}${reason}, not ${expected}`]
  }

  #compareUser(name: string, { profile, effects }: User, { features, stage, decisions }: Expected): string[] {
    const differences: string[] = []
    const at = Math.max(this.#now, profile.newestAt)
    if (features) {
      const wanted = selectFeatures(this.#definition, Object.keys(features))
      const read = readFeatures(this.#definition, profile, wanted, at).features
      for (const [feature, value] of Object.entries(features)) {
        if (!isDeepStrictEqual(read[feature], value))
          differences.push(`features.${feature} is ${shown(read[feature]!)}, not ${shown(value)}`)
      }
    }
    if (stage !== undefined) {
      const standing = this.#fold.standingAt(name, profile, at)
      const actual = this.#definition.lifecycle?.stages[standing?.stage ?? -1] ?? null
      if (actual !== stage) differences.push(`the stage is ${actual}, not ${stage}`)
    }
    if (decisions) {
      const taken = effects.filter((effect) => effect.kind === 'decision')
      const isSame =
        taken.length === decisions.length &&
        decisions.every(({ rule, payload }, index) => isThat(taken[index]!, rule, payload))
      if (!isSame) {
        const wanted = decisions.map(({ rule, payload }) => decisionText(rule, payload))
        const actual = taken.map(({ rule, payload }, index) =>
          decisionText(rule, decisions[index]?.payload === undefined ? undefined : payload),
        )
        differences.push(`the decisions are [${actual.join(', ')}], not [${wanted.join(', ')}]`)
      }
    }
    return differences
  }
}

function isThat(decision: Decision, rule: string, payload: Value | undefined): boolean {
  return decision.rule === rule && (payload === undefined || isDeepStrictEqual(decision.payload, payload))
}

function decisionText(rule: string, payload: Value | undefined): string {
  return payload === undefined ? rule : `${rule} ${shown(payload)}`
}

function shown(value: Value): string {
  return JSON.stringify(value)
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

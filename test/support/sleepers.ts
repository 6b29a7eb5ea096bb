// Users of a real engine who act and fall silent, two clients that listen to what becomes of them,
// and the model that says what they must hear: stages that seconds of silence, and seconds in a
// stage, lead to.
import { expect } from 'vitest'
import { definitionFile } from './definition-file.ts'
import { EngineProcess } from './engine.ts'
import { type Heard, Listener } from './listener.ts'

const DROWSY_AFTER_MS = 3_000
const ASLEEP_AFTER_MS = 1_000
/** From the last action to the last change. */
export const ASLEEP_BY_MS = DROWSY_AFTER_MS + ASLEEP_AFTER_MS

const DEFINITION = `
version: 1
timezone: Europe/London
features:
  acts: { aggregate: count, action: act }
lifecycle:
  initial: awake
  transitions:
    - { from: awake, to: drowsy, after: 3s }
    - { from: drowsy, to: asleep, after: 1s, since: stage }
    - { from: [drowsy, asleep], to: awake, on: act }
    - { from: "*", to: gone, on: leave }
rules:
  lullaby: { on: { stage: drowsy }, emit: { stream: messages, payload: { acts: features.acts } } }
  farewell: { on: leave, emit: { stream: messages } }
`

interface StageEntry {
  id: string
  userId: string
  from: string
  to: string
  at: string
}

interface MessageEntry {
  id: string
  userId: string
  rule: string
  at: string
  payload?: { acts: number }
}

export class Sleepers {
  readonly engine: EngineProcess
  readonly #stages: Listener<StageEntry>
  readonly #messages: Listener<MessageEntry>
  /** When each user acted, epoch ms, in order. */
  readonly #acts = new Map<string, number[]>()
  #leavers = 0

  private constructor(engine: EngineProcess, stages: Listener<StageEntry>, messages: Listener<MessageEntry>) {
    this.engine = engine
    this.#stages = stages
    this.#messages = messages
  }

  static async start(settings: Record<string, string> = {}): Promise<Sleepers> {
    const engine = await EngineProcess.startForTest(definitionFile(DEFINITION), settings)
    const stages = Listener.open<StageEntry>(engine.url, '/v1/streams/stages?after=0')
    const messages = Listener.open<MessageEntry>(engine.url, '/v1/streams/messages?after=0')
    return new Sleepers(engine, await stages, await messages)
  }

  /** Each user acts once, at `atOf` its place, epoch ms. */
  async act(users: readonly string[], atOf: (index: number) => number = constant(Date.now())): Promise<void> {
    const actions = users.map((userId, index) => ({ userId, action: 'act', occurredAt: atOf(index) }))
    await this.engine.json('/v1/actions', actions)
    for (const { userId, occurredAt } of actions) {
      const acts = this.#acts.get(userId) ?? []
      this.#acts.set(userId, [...acts, occurredAt])
    }
  }

  /** When everybody who acted so far is asleep, epoch ms. */
  get asleepAt(): number {
    return Math.max(...[...this.#acts.values()].map((acts) => acts.at(-1)!)) + ASLEEP_BY_MS
  }

  /**
   * Waits until all has been announced, and expects each change once, at its own instant, never
   * early, in order per user.
   */
  async expectEachChangeOnce(): Promise<void> {
    const expected = [...this.#acts].map(([user, acts]) => changesOf(user, acts))
    const stages = expected.flatMap((changes) => changes.stages)
    const messages = expected.flatMap((changes) => changes.messages)
    await this.#stages.has(stages.length + this.#leavers)
    await this.#messages.has(messages.length + this.#leavers)
    // What this one sets off comes after whatever was on its way.
    const leaver = { userId: `leaver-${this.#leavers++}`, action: 'leave' }
    await this.engine.json('/v1/actions', leaver)
    await this.#stages.has(stages.length + this.#leavers)
    await this.#messages.has(messages.length + this.#leavers)
    const heardStages = this.#stages.entries.filter(({ to }) => to !== 'gone')
    const heardMessages = this.#messages.entries.filter(({ rule }) => rule !== 'farewell')
    expect(byUser(heardStages, ({ from, to, at }) => `${from}>${to} ${at}`)).toEqual(byUser(stages, textOf))
    expect(byUser(heardMessages, ({ payload, at }) => `lullaby after ${payload?.acts} ${at}`)).toEqual(
      byUser(messages, textOf),
    )
    expectDifferentIds(this.#stages.heard)
    expectDifferentIds(this.#messages.heard)
    expect(this.#lateness().filter((ms) => ms < 0)).toEqual([])
  }

  /** Milliseconds from each change's instant to its arrival, shortest first. */
  #lateness(): number[] {
    return [...this.#stages.heard, ...this.#messages.heard]
      .map(({ arrivedAt, data: { at } }) => arrivedAt - Date.parse(at))
      .sort((a, b) => a - b)
  }

  get latenessMaxMs(): number {
    return this.#lateness().at(-1) ?? 0
  }

  latenessText(): string {
    const lateness = this.#lateness()
    const at = (share: number) => lateness[Math.floor((lateness.length - 1) * share)]
    return `${lateness.length} changes announced p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms after their instant`
  }
}

interface Change {
  userId: string
  text: string
}

/** What a user who acts at these instants and then no more must be heard to do. */
function changesOf(userId: string, acts: readonly number[]): { stages: Change[]; messages: Change[] } {
  const stages: Change[] = []
  const messages: Change[] = []
  const add = (to: Change[], text: string, at: number) =>
    to.push({ userId, text: `${text} ${new Date(at).toISOString()}` })
  for (const [index, at] of acts.entries()) {
    const silence = (acts[index + 1] ?? Number.POSITIVE_INFINITY) - at
    if (silence < DROWSY_AFTER_MS) continue
    add(stages, 'awake>drowsy', at + DROWSY_AFTER_MS)
    add(messages, `lullaby after ${index + 1}`, at + DROWSY_AFTER_MS)
    const isAsleep = silence >= ASLEEP_BY_MS
    if (isAsleep) add(stages, 'drowsy>asleep', at + ASLEEP_BY_MS)
    if (Number.isFinite(silence)) add(stages, `${isAsleep ? 'asleep' : 'drowsy'}>awake`, at + silence)
  }
  return { stages, messages }
}

const textOf = ({ text }: Change) => text

/** Each user's entries as texts, in the order they came. */
function byUser<Entry extends { userId: string }>(
  entries: readonly Entry[],
  text: (entry: Entry) => string,
): Record<string, string[]> {
  const texts: Record<string, string[]> = {}
  for (const entry of entries) {
    texts[entry.userId] ??= []
    texts[entry.userId]!.push(text(entry))
  }
  return texts
}

function expectDifferentIds(heard: readonly Heard<{ id: string }>[]): void {
  expect(new Set(heard.map(({ data }) => data.id)).size).toBe(heard.length)
  expect(new Set(heard.map(({ place }) => place)).size).toBe(heard.length)
}

function constant(value: number): () => number {
  return () => value
}

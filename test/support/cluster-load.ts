// Clients of a cluster while it changes: one writer for each shard, whose actions have ids and are
// sent again until they are acknowledged, and readers that hold each answer against what was
// acknowledged before they asked.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { shardOf } from '../../src/model/hash.ts'
import { type Answer, type ClusterNode, SHARDS } from './cluster.ts'
import { until } from './until.ts'

const RETRY_MS = 20
const BATCH_LENGTH = 4
const USERS_PER_SHARD = 3
const WRITE_PAUSE_MS = 20
const READERS = 3
const READ_PAUSE_MS = 5

export interface Failure {
  node: string
  /** Undefined: none came. */
  answer: { status: number; code: string; detail: string; retryAfter: string | null } | undefined
}

interface Profile {
  features: { actions: number }
  source: 'live' | 'snapshot'
  asOf: { sequence: number; at: string }
}

export class ClusterLoad {
  /** Sent to in turns, from now on; a test may change it. */
  nodes: readonly ClusterNode[]
  readonly failures: Failure[] = []
  /** Answers that were not as they should be. */
  readonly mistakes: string[] = []
  readonly reads = { live: 0, snapshot: 0 }
  /** The longest time that an action of each shard took until it was acknowledged, ms. */
  readonly longestMs: number[] = Array.from({ length: SHARDS }, () => 0)
  /** Acknowledged actions of each user. */
  readonly #acknowledged = new Map<string, { actions: number; sequence: number }>()
  readonly #running: Promise<unknown>
  #turn = 0
  #writes = true
  #reads = true

  constructor(nodes: readonly ClusterNode[]) {
    this.nodes = nodes
    const writers = Array.from({ length: SHARDS }, (_, shard) => this.#write(shard))
    const readers = Array.from({ length: READERS }, () => this.#read())
    this.#running = Promise.all([...writers, ...readers])
    this.#running.catch(() => {})
  }

  get acknowledged(): number {
    return [...this.#acknowledged.values()].reduce((sum, { actions }) => sum + actions, 0)
  }

  /** Resolves when so many more actions are acknowledged, of whichever shard. */
  async goesOn(actions = 200): Promise<void> {
    const before = this.acknowledged
    await until(
      () => this.acknowledged >= before + actions,
      () => `nothing is acknowledged any more: ${JSON.stringify(this.failures.slice(-5))}`,
    )
  }

  /** Resolves when every user has a stored profile, which answers if the owner does not. */
  async allStored(node: ClusterNode): Promise<void> {
    const all = SHARDS * USERS_PER_SHARD
    await until(
      () => this.#acknowledged.size === all,
      () => 'not every user was written to',
    )
    let heads: (number | null)[] = []
    await until(
      async () => {
        heads = (await node.shards()).map(({ head }) => head)
        return heads.every((head) => head !== null)
      },
      () => 'the log does not tell its heads',
    )
    await until(
      async () => (await node.shards()).every(({ shard, committed }) => committed >= heads[shard]!),
      () => 'the profiles are not saved',
    )
  }

  /** Forgets the longest times so far. */
  resetLongest(): void {
    this.longestMs.fill(0)
  }

  /**
   * Every request was answered, and what was refused may be sent again after a while that is
   * stated.
   */
  expectRefusalsOnly(): void {
    const others = this.failures.filter(
      ({ answer }) => !answer || ![429, 503].includes(answer.status) || !(Number(answer.retryAfter) > 0),
    )
    expect(others).toEqual([])
    expect(this.mistakes).toEqual([])
  }

  /** Resolves when all that was sent is acknowledged. */
  async stop(): Promise<void> {
    this.#writes = false
    this.#reads = false
    await this.#running
  }

  /** Every acknowledged action counts once, whichever node is asked. */
  async expectAllCounted(nodes: readonly ClusterNode[]): Promise<void> {
    const users = [...this.#acknowledged]
    expect(users.length).toBe(SHARDS * USERS_PER_SHARD)
    for (const node of nodes) {
      for (const [user, { actions, sequence }] of users) {
        const answer = await node.get<Profile>(`/v1/profiles/${user}?minSequence=${sequence}`)
        expect([user, answer.status, answer.body.features?.actions]).toEqual([user, 200, actions])
      }
    }
  }

  #next(): ClusterNode {
    return this.nodes[this.#turn++ % this.nodes.length]!
  }

  async #write(shard: number): Promise<void> {
    const users = usersOf(shard)
    for (let batch = 0; this.#writes; batch++) {
      const userId = users[batch % users.length]!
      const actions = Array.from({ length: BATCH_LENGTH }, (_, place) => {
        return { id: `${userId}:${batch}:${place}`, userId, action: 'view' }
      })
      const begun = performance.now()
      const sequence = await this.#sendUntilTaken(actions)
      this.longestMs[shard] = Math.max(this.longestMs[shard]!, Math.round(performance.now() - begun))
      const before = this.#acknowledged.get(userId)?.actions ?? 0
      this.#acknowledged.set(userId, { actions: before + BATCH_LENGTH, sequence })
      await sleep(WRITE_PAUSE_MS)
    }
  }

  /** Sequence of the last action. */
  async #sendUntilTaken(actions: readonly object[]): Promise<number> {
    for (;;) {
      const node = this.#next()
      const answer = await node
        .post<{ receipts?: { sequence: number }[] }>('/v1/actions', actions)
        .catch(() => undefined)
      if (answer?.status === 200) return answer.body.receipts!.at(-1)!.sequence
      this.#failed(node, answer)
      await sleep(RETRY_MS)
    }
  }

  async #read(): Promise<void> {
    while (this.#reads) {
      const users = [...this.#acknowledged]
      if (users.length > 0) await this.#readOne(...users[this.#turn % users.length]!)
      await sleep(READ_PAUSE_MS)
    }
  }

  async #readOne(user: string, before: { actions: number }): Promise<void> {
    const node = this.#next()
    const answer = await node.get<Profile>(`/v1/profiles/${user}`).catch(() => undefined)
    if (answer?.status !== 200) return this.#failed(node, answer)
    const { source, asOf, features } = answer.body
    this.reads[source]++
    const told = `${user} from ${node.name}: ${JSON.stringify(answer.body)}, acknowledged ${before.actions}`
    if (source === 'live' && features.actions < before.actions) this.mistakes.push(told)
    if (source === 'snapshot' && !(Date.parse(asOf.at) > 0 && asOf.sequence >= 0)) this.mistakes.push(told)
  }

  #failed({ name }: ClusterNode, answer: Answer<unknown> | undefined): void {
    if (!answer) {
      this.failures.push({ node: name, answer })
      return
    }
    const { status, headers, body } = answer
    const { code, detail } = body as { code: string; detail: string }
    const told = { status, code, detail, retryAfter: headers.get('retry-after') }
    this.failures.push({ node: name, answer: told })
  }
}

/** Users that live in the shard. */
export function usersOf(shard: number, count = USERS_PER_SHARD): string[] {
  const users: string[] = []
  for (let number = 0; users.length < count; number++) {
    const user = `user-${number}`
    if (shardOf(user, SHARDS) === shard) users.push(user)
  }
  return users
}

// Claims the shards meant for this node, hands over those meant for others, and drops those that
// others have claimed. Each node acts for itself, on what all of them see.

import { PulseprintError } from '../errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { within } from '../runtime/deadline.ts'
import type { Logger } from '../runtime/logger.ts'
import { assignShards } from './assignment.ts'
import type { MemberState, Membership } from './membership.ts'
import type { ShardHost } from './shard-host.ts'
import type { NodeInstance, ShardOwnership } from './shard-ownership.ts'

export type TakeoverCause = 'new' | 'crash' | 'handover' | 'fenced'

export interface KeeperDeps {
  shards: number
  host: ShardHost
  membership: Membership
  ownership: ShardOwnership
  clock: Clock
  logger: Logger
  /** Called when a shard runs here that did not before; `tookMs` from the decision to it. */
  onTakeover(shard: number, cause: TakeoverCause, tookMs: number): void
}

/** How often the keeper looks if nothing calls it. */
const TURN_MS = 250
/** Pause before a shard that could not be taken over is tried again. */
const RETRY_MS = 1_000
/** Pause before the keeper looks again who was faster. By then this node has heard of it. */
const OUTRUN_MS = 50
/** How long saving a shard, or finishing it, may take in a handover. */
const STEP_WAIT_MS = 5_000
/** Shards that are handed over at a time, so that each one's pause stays short. */
const HANDOVERS_MAX = 2

export class ShardKeeper {
  readonly #deps: KeeperDeps
  readonly #self: NodeInstance
  /** Shards with work under way. */
  readonly #busy = new Set<number>()
  /** When a shard may be tried again, on the monotonic clock. */
  readonly #notBefore = new Map<number, number>()
  /** Why a shard cannot be run here. */
  readonly #problems = new Map<number, string>()
  #handovers = 0
  #state: MemberState = 'admitted'
  #cancel = () => {}
  #stopped = false

  constructor(deps: KeeperDeps) {
    this.#deps = deps
    this.#self = deps.ownership.self
    deps.membership.onChanged(() => this.#look())
    deps.ownership.onChanged(() => this.#look())
  }

  /** What the node says of itself to the others. */
  get state(): MemberState {
    return this.#state
  }

  /** Why a shard that is meant for this node does not run; undefined if all run. */
  get problem(): string | undefined {
    for (const problem of this.#problems.values()) return problem
    return undefined
  }

  /** From now on, the node gets shards. */
  start(): void {
    this.#state = 'serving'
    this.#deps.membership.beat()
    this.#look()
    this.#lookAgain()
  }

  /** Hands every shard over, if there is anyone to take it. Resolves when the others know. */
  async leave(): Promise<void> {
    this.#state = 'leaving'
    this.#deps.membership.beat()
    while (!this.#stopped && this.#isHandingOver()) {
      this.#look()
      await new Promise<void>((resolve) => this.#deps.clock.after(TURN_MS / 10, resolve))
    }
  }

  /** Ends all work on shards. */
  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #isHandingOver(): boolean {
    if (this.#busy.size > 0) return true
    return this.#serving().length > 0 && this.#own().length > 0
  }

  #own(): number[] {
    const { shards, host } = this.#deps
    return Array.from({ length: shards }, (_, shard) => shard).filter(
      (shard) => host.conditionOf(shard) === 'running',
    )
  }

  #lookAgain(): void {
    this.#cancel = this.#deps.clock.after(TURN_MS, () => {
      this.#look()
      this.#lookAgain()
    })
  }

  /** Other members that may get shards. */
  #serving(): NodeInstance[] {
    return this.#deps.membership.others.filter(({ state }) => state === 'serving')
  }

  #look(): void {
    const { membership, ownership, shards } = this.#deps
    // If this node does not even hear itself, what it sees of the others means nothing.
    if (this.#stopped || this.#state === 'admitted' || !membership.isHeard) return
    const serving = this.#serving()
    if (this.#state === 'serving') serving.push(this.#self)
    const living = new Set([this.#self.instance, ...membership.others.map(({ instance }) => instance)])
    const owners = Array.from({ length: shards }, (_, shard) => ownership.ownerOf(shard)?.instance)
    const wanted = assignShards(
      owners,
      serving.map(({ instance }) => instance),
    )
    for (const [shard, owner] of owners.entries()) {
      const isOrphan = owner === undefined || !living.has(owner)
      const target = serving.find(({ instance }) => instance === wanted[shard])
      this.#see(shard, owner, isOrphan, target)
    }
  }

  #see(shard: number, owner: string | undefined, isOrphan: boolean, target: NodeInstance | undefined): void {
    const { host } = this.#deps
    const own = this.#self.instance
    if (this.#busy.has(shard) || (this.#notBefore.get(shard) ?? 0) > performance.now()) return
    const isOutdated = owner === own && host.epochOf(shard) !== this.#deps.ownership.ownerOf(shard)?.epoch
    // The shard was taken away and given back while this node was not looking.
    if (isOutdated) host.drop(shard)
    const condition = host.conditionOf(shard)
    if (owner !== own) {
      if (condition !== 'absent') host.drop(shard)
      this.#problems.delete(shard)
      if (isOrphan && target?.instance === own)
        this.#do(shard, () => this.#claim(shard, owner === undefined ? 'new' : 'crash'))
      return
    }
    // A leaving node takes no shard up again: what does not run is an orphan when it is gone.
    if (condition !== 'running' && this.#state === 'leaving') return
    if (condition === 'fenced') this.#do(shard, () => this.#claim(shard, 'fenced'))
    else if (condition === 'absent') this.#do(shard, () => this.#begin(shard))
    else if (condition === 'running' && target && target.instance !== own && this.#handovers < HANDOVERS_MAX)
      this.#do(shard, () => this.#handOver(shard, target))
  }

  #do(shard: number, what: () => Promise<void>): void {
    this.#busy.add(shard)
    what()
      .catch((error: unknown) => this.#failed(shard, error))
      .finally(() => {
        this.#busy.delete(shard)
        this.#look()
      })
  }

  #failed(shard: number, error: unknown): void {
    const { logger, host } = this.#deps
    host.drop(shard)
    if (error instanceof PulseprintError && error.code === 'NOT_OWNER') {
      this.#notBefore.set(shard, performance.now() + OUTRUN_MS)
      return
    }
    const message = error instanceof Error ? error.message : String(error)
    if (this.#problems.get(shard) !== message) logger.warn('a shard does not run yet', { shard, error })
    this.#problems.set(shard, message)
    this.#notBefore.set(shard, performance.now() + RETRY_MS)
  }

  /** Runs a shard that was handed to this node; under a new epoch if that has failed before. */
  async #begin(shard: number): Promise<void> {
    const { ownership } = this.#deps
    const owner = ownership.ownerOf(shard)!
    if (this.#problems.has(shard)) return this.#claim(shard, 'fenced')
    await this.#takeOver(shard, owner.epoch, 'handover', performance.now())
  }

  async #claim(shard: number, cause: TakeoverCause): Promise<void> {
    const begun = performance.now()
    const { host, ownership, logger } = this.#deps
    const from = ownership.ownerOf(shard)
    const before = from?.epoch
    if (cause === 'fenced')
      logger.warn('the saved state of a shard has gone back: this node claims the shard again', { shard })
    else logger.info('a shard is claimed', { shard, cause, ...(from && { from: from.node }) })
    host.drop(shard)
    const lastEpoch = await host.lastEpoch(shard)
    // The faster node keeps the shard.
    if (ownership.ownerOf(shard)?.epoch !== before) return
    const epoch = await ownership.claim(shard, lastEpoch)
    await this.#takeOver(shard, epoch, cause, begun)
  }

  async #takeOver(shard: number, epoch: number, cause: TakeoverCause, begun: number): Promise<void> {
    const { host, logger, onTakeover } = this.#deps
    await host.takeOver(shard, epoch)
    this.#problems.delete(shard)
    const tookMs = Math.round(performance.now() - begun)
    logger.info('a shard runs here', { shard, epoch, cause, tookMs })
    onTakeover(shard, cause, tookMs)
  }

  /** If a shard can't be saved, it goes on here: no other node could begin with it either. */
  async #isSaved(shard: number): Promise<boolean> {
    const { host, logger } = this.#deps
    try {
      await this.#inTime(host.save(shard))
      return true
    } catch (error) {
      logger.warn('a shard is not handed over yet', { shard, error })
      this.#notBefore.set(shard, performance.now() + RETRY_MS)
      return false
    }
  }

  async #handOver(shard: number, target: NodeInstance): Promise<void> {
    const { host, ownership } = this.#deps
    this.#handovers++
    try {
      const before = ownership.ownerOf(shard)?.epoch
      if (!(await this.#isSaved(shard))) return
      await this.#inTime(host.finish(shard))
      // Before the claim: after it, another node may acknowledge what reads here would miss.
      host.drop(shard)
      // Another node that took this one for dead may have the shard by now.
      if (ownership.ownerOf(shard)?.epoch !== before) return
      await ownership.claim(shard, 0, target)
      this.#deps.logger.info('a shard was handed over', { shard, to: target.node })
    } finally {
      this.#handovers--
    }
  }

  #inTime(step: Promise<void>): Promise<void> {
    const late = () => new PulseprintError('STORAGE_UNAVAILABLE', 'the stores take too long')
    return within(step, STEP_WAIT_MS, this.#deps.clock, late)
  }
}

// Many shard keepers in one process, under one simulated clock: what they tell each other comes
// late, claims race, nodes die or are cut off, and the store of the shards fails now and then.
// Fencing is as Redis does it.
import { setImmediate as microtasks } from 'node:timers/promises'
import { onTestFinished, vi } from 'vitest'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Beat, Membership } from '../../src/ownership/membership.ts'
import { ShardKeeper, type TakeoverCause } from '../../src/ownership/shard-keeper.ts'
import type { NodeInstance, ShardOwner, ShardOwnership } from '../../src/ownership/shard-ownership.ts'
import { SimulatedClock } from '../../src/runtime/clock.ts'
import { recordingLogger } from './api.ts'
import type { Random } from './random.ts'
import { SimulatedHost } from './simulated-host.ts'

const STEP_MS = 10

interface Claimed {
  owner: ShardOwner
  at: number
}

export class World {
  readonly clock = new SimulatedClock(0)
  readonly random: Random
  readonly shards: number
  readonly nodes: SimulatedNode[] = []
  /** The owners as NATS has them. */
  readonly claimed = new Map<number, Claimed>()
  /** Epoch of each shard, as the store has it. */
  readonly stored = new Map<number, number>()
  /** Who ran each shard under each epoch. */
  readonly ran = new Map<string, string>()
  readonly mistakes: string[] = []
  claims = 0
  /** One in so many calls of the store fails; 0: none. */
  failsOneIn = 0

  /** Call inside a test: until its end `performance.now` is the simulated time. */
  constructor(shards: number, random: Random) {
    this.shards = shards
    this.random = random
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => this.clock.now())
    onTestFinished(() => {
      for (const node of this.nodes) node.keeper.stop()
      spy.mockRestore()
    })
  }

  start(): SimulatedNode {
    const node = new SimulatedNode(this, `n${this.nodes.length}`)
    this.nodes.push(node)
    node.keeper.start()
    return node
  }

  get living(): SimulatedNode[] {
    return this.nodes.filter(({ isAlive }) => isAlive)
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.clock.advance(STEP_MS)
      await microtasks()
    }
  }

  /** A call that takes a while. */
  delay(mostMs: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(1 + this.random.below(mostMs), resolve))
  }

  async storeCall(): Promise<void> {
    await this.delay(40)
    if (this.failsOneIn > 0 && this.random.below(this.failsOneIn) === 0) {
      throw new PulseprintError('STORAGE_UNAVAILABLE', 'the simulated store has failed')
    }
  }

  /** Names of the nodes that have each shard now, fenced or not. */
  get holders(): string[][] {
    return Array.from({ length: this.shards }, (_, shard) =>
      this.living.filter(({ host }) => host.conditionOf(shard) !== 'absent').map(({ name }) => name),
    )
  }
}

export class SimulatedNode {
  readonly name: string
  readonly host: SimulatedHost
  readonly keeper: ShardKeeper
  readonly takeovers: { shard: number; cause: TakeoverCause }[] = []
  isAlive = true
  isCutOff = false
  cutOffAt = 0
  readonly #world: World
  readonly #seen = new Map<number, Claimed>()
  readonly #listeners = new Set<() => void>()

  constructor(world: World, name: string) {
    this.#world = world
    this.name = name
    this.host = new SimulatedHost(world, name)
    for (const [shard, claimed] of world.claimed) this.#seen.set(shard, claimed)
    this.keeper = new ShardKeeper({
      shards: world.shards,
      host: this.host,
      membership: this.#membership() as Membership,
      ownership: this.#ownership(),
      clock: world.clock,
      logger: recordingLogger([]),
      onTakeover: (shard, cause) => this.takeovers.push({ shard, cause }),
    })
  }

  /** As `kill -9`. */
  kill(): void {
    this.isAlive = false
    this.keeper.stop()
    this.host.end()
    this.#listeners.clear()
    this.cutOffAt = this.#world.clock.now()
  }

  async leave(): Promise<void> {
    await this.keeper.leave()
    this.keeper.stop()
    this.isAlive = false
    this.host.end()
  }

  cutOff(isCutOff: boolean): void {
    this.isCutOff = isCutOff
    this.cutOffAt = this.#world.clock.now()
    if (isCutOff) return
    // What it has missed comes after a while.
    for (const shard of this.#world.claimed.keys()) {
      void this.#world.delay(1_000).then(() => this.#see(shard, this.#world.claimed.get(shard)!))
    }
  }

  #see(shard: number, claimed: Claimed): void {
    if (!this.isAlive || this.isCutOff || claimed.at <= (this.#seen.get(shard)?.at ?? 0)) return
    this.#seen.set(shard, claimed)
    for (const listener of this.#listeners) listener()
  }

  #isSilentFor(other: SimulatedNode): boolean {
    const quiet = !other.isAlive || other.isCutOff
    return quiet && this.#world.clock.now() - other.cutOffAt > LIMITS.memberSilenceMs
  }

  #membership(): Pick<Membership, 'others' | 'isHeard' | 'onChanged' | 'beat'> {
    const node = this
    return {
      get others() {
        const others = node.#world.nodes.filter((other) => other !== node && !node.#isSilentFor(other))
        return others.map(({ name, keeper }) => ({ node: name, instance: name, state: keeper.state }) as Beat)
      },
      get isHeard() {
        return !node.isCutOff || node.#world.clock.now() - node.cutOffAt < LIMITS.memberSilenceMs / 2
      },
      onChanged: (callback) => {
        node.#listeners.add(callback)
        return () => {}
      },
      beat() {},
    }
  }

  #ownership(): ShardOwnership {
    const self: NodeInstance = { node: this.name, instance: this.name }
    return {
      self,
      ownerOf: (shard) => this.#seen.get(shard)?.owner,
      claim: (shard, after, owner = self) => this.#claim(shard, after, owner),
      onChanged: (callback) => {
        this.#listeners.add(callback)
        return () => {}
      },
      close: async () => {},
    }
  }

  async #claim(shard: number, after: number, { node, instance }: NodeInstance): Promise<number> {
    const world = this.#world
    const seen = this.#seen.get(shard)
    await world.delay(30)
    if (this.isCutOff || !this.isAlive) throw new PulseprintError('STORAGE_UNAVAILABLE', 'cut off')
    if ((world.claimed.get(shard)?.at ?? 0) !== (seen?.at ?? 0))
      throw new PulseprintError('NOT_OWNER', 'outrun')
    const epoch = Math.max(after, seen?.owner.epoch ?? 0) + 1
    const claimed = { owner: { node, instance, epoch }, at: ++world.claims }
    world.claimed.set(shard, claimed)
    for (const other of world.nodes) {
      if (other !== this) void world.delay(60).then(() => other.#see(shard, claimed))
    }
    await world.delay(10)
    this.#see(shard, claimed)
    return epoch
  }
}

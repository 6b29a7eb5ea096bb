// What runs the shards of a simulated node: it fences as Redis does, and does nothing else.
import { PulseprintError } from '../../src/errors.ts'
import type { ShardHost } from '../../src/ownership/shard-host.ts'
import type { World } from './simulated-nodes.ts'

const COMMIT_MS = 500

export class SimulatedHost implements ShardHost {
  readonly #world: World
  readonly #name: string
  readonly #running = new Map<number, { epoch: number; fenced: boolean }>()
  #ended = false

  constructor(world: World, name: string) {
    this.#world = world
    this.#name = name
    this.#commitLater()
  }

  async lastEpoch(shard: number): Promise<number> {
    await this.#world.storeCall()
    return this.#world.stored.get(shard) ?? 0
  }

  async takeOver(shard: number, epoch: number): Promise<void> {
    const { stored, ran, mistakes } = this.#world
    await this.#world.storeCall()
    if ((stored.get(shard) ?? 0) > epoch) throw new PulseprintError('FENCED', 'a newer owner has it')
    const key = `shard ${shard}, epoch ${epoch}`
    const before = ran.get(key)
    if (before !== undefined && before !== this.#name) mistakes.push(`${key}: ${before} and ${this.#name}`)
    ran.set(key, this.#name)
    stored.set(shard, epoch)
    if (!this.#ended) this.#running.set(shard, { epoch, fenced: false })
  }

  async save(shard: number): Promise<void> {
    await this.#world.storeCall()
    this.#commit(shard)
    if (this.conditionOf(shard) !== 'running') throw new PulseprintError('FENCED', 'a newer owner has it')
  }

  async finish(shard: number): Promise<void> {
    await this.#world.storeCall()
    this.#commit(shard)
    if (this.conditionOf(shard) !== 'running') throw new PulseprintError('FENCED', 'a newer owner has it')
  }

  drop(shard: number): void {
    this.#running.delete(shard)
  }

  conditionOf(shard: number): 'absent' | 'running' | 'fenced' {
    const running = this.#running.get(shard)
    if (!running) return 'absent'
    return running.fenced ? 'fenced' : 'running'
  }

  epochOf(shard: number): number | undefined {
    return this.#running.get(shard)?.epoch
  }

  end(): void {
    this.#ended = true
    this.#running.clear()
  }

  #commit(shard: number): void {
    const running = this.#running.get(shard)
    if (running && (this.#world.stored.get(shard) ?? 0) > running.epoch) running.fenced = true
  }

  #commitLater(): void {
    this.#world.clock.after(COMMIT_MS, () => {
      for (const shard of this.#running.keys()) this.#commit(shard)
      if (!this.#ended) this.#commitLater()
    })
  }
}

// Follows who was made owner of which shard under which epoch: no epoch of a shard may ever have
// two owners, nor come after a higher one.
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { JetStreamReader } from '../../src/adapters/nats/jetstream/jetstream-reader.ts'
import type { Ledger } from './ledger.ts'
import { quietLogger } from './stores.ts'
import { PREFIX } from './topology.ts'

interface Owner {
  node: string
  instance: string
  epoch: number
}

export class EpochWatch {
  readonly #ledger: Ledger
  readonly #stop = new AbortController()
  /** By `shard.epoch`. */
  readonly #owners = new Map<string, string>()
  readonly #newest = new Map<number, number>()
  #running: Promise<void> = Promise.resolve()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  start(connection: NatsConnection): void {
    this.#running = this.#follow(connection)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** How often a shard was given an owner. */
  get changes(): number {
    return this.#owners.size
  }

  async #follow(connection: NatsConnection): Promise<void> {
    const manager = await jetstreamManager(connection, { checkAPI: false })
    const reader = new JetStreamReader(connection, manager, quietLogger)
    const subject = { stream: `${PREFIX}-owners`, filter: `${PREFIX}.owners.*` }
    for await (const messages of reader.read(subject, 0, this.#stop.signal)) {
      for (const { message } of messages) {
        this.#take(Number(message.subject.split('.').at(-1)), message.json<Owner>())
      }
    }
  }

  #take(shard: number, { node, instance, epoch }: Owner): void {
    const before = this.#owners.get(`${shard}.${epoch}`)
    const owner = `${node} ${instance}`
    if (before !== undefined && before !== owner) {
      this.#ledger.violation(
        'an epoch had two owners',
        `shard ${shard}, epoch ${epoch}: ${before} and ${owner}`,
      )
    }
    const newest = this.#newest.get(shard) ?? 0
    if (epoch <= newest && before !== owner) {
      this.#ledger.violation(
        'an epoch came after a higher one',
        `shard ${shard}: ${newest}, then ${epoch} of ${owner}`,
      )
    }
    this.#owners.set(`${shard}.${epoch}`, owner)
    this.#newest.set(shard, Math.max(newest, epoch))
  }
}

// The whole log read from its beginning, by the engine's own adapter, and folded twice: by the
// plain words of the definition, and by the engine's pure fold.
import type { NatsConnection } from '@nats-io/transport-node'
import { JetStreamActionLog } from '../../src/adapters/nats/log/jetstream-action-log.ts'
import { compileDefinition } from '../../src/definition/compile.ts'
import { decodeActions, decodeHeader, decodeTick } from '../../src/ingest/records.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile, type Profile } from '../../src/profile/profile.ts'
import { DEFINITION, type SentAction } from './definition.ts'
import { NaiveUser } from './naive-user.ts'
import { identity, quietLogger } from './stores.ts'
import { LOG_STREAMS, PREFIX, SHARDS } from './topology.ts'

export class Replay {
  readonly fold: Fold
  readonly users = new Map<string, NaiveUser>()
  readonly profiles = new Map<string, Profile>()
  /** Sequence of the last record, by shard. */
  readonly heads: number[] = []
  records = 0
  ticks = 0
  /** Records that an owner of the past appended after its successor had begun to. */
  late = 0

  constructor() {
    const compiled = compileDefinition(DEFINITION)
    if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
    this.fold = new Fold(compiled.definition)
  }

  /** Reads all shards up to the present heads of their logs. */
  async read(connection: NatsConnection): Promise<void> {
    const options = { prefix: PREFIX, streams: LOG_STREAMS, replicas: 3, streamBytesMax: -1 }
    const log = await JetStreamActionLog.open(connection, identity, options, quietLogger)
    try {
      for (let shard = 0; shard < SHARDS; shard++) await this.#readShard(log, shard)
    } finally {
      await log.close()
    }
  }

  async #readShard(log: JetStreamActionLog, shard: number): Promise<void> {
    const head = await log.head(shard)
    this.heads[shard] = head
    if (head === 0) return
    let epoch = 0
    const ended = new AbortController()
    for await (const records of log.follow(shard, 0, ended.signal)) {
      for (const record of records) {
        const header = decodeHeader(record.payload)
        if (header.epoch < epoch) this.late++
        epoch = Math.max(epoch, header.epoch)
        this.records++
        if (header.kind === 'tick') this.#tick(shard, record, header.receivedAt)
        else this.#apply(shard, record, header.receivedAt)
      }
      if (records.at(-1)!.sequence >= head) break
    }
    ended.abort()
  }

  #apply(shard: number, { sequence, payload }: LogRecord, receivedAt: number): void {
    for (const [position, action] of decodeActions(payload).entries()) {
      const profile = this.#profile(action.user)
      this.fold.apply(profile, action, { shard, sequence, position }, receivedAt, [])
      profile.sequence = sequence
      const plain = { ...action, userId: action.user } as unknown as SentAction
      this.#user(action.user).apply(plain, `${shard}.${sequence}.${position}`, receivedAt)
    }
  }

  #tick(shard: number, { sequence, payload }: LogRecord, at: number): void {
    this.ticks++
    for (const [position, user] of decodeTick(payload).entries()) {
      const profile = this.#profile(user)
      if (this.fold.tick(user, profile, { shard, sequence, position }, at, [])) profile.sequence = sequence
      this.#user(user).tick(at, `${shard}.${sequence}.${position}`)
    }
  }

  #profile(user: string): Profile {
    let profile = this.profiles.get(user)
    if (!profile) {
      profile = emptyProfile(this.fold.definition)
      this.profiles.set(user, profile)
    }
    return profile
  }

  #user(user: string): NaiveUser {
    let naive = this.users.get(user)
    if (!naive) {
      naive = new NaiveUser()
      this.users.set(user, naive)
    }
    return naive
  }
}

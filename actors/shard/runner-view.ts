// A shard that runs on this thread, as questions see it. A read waits here until the shard has
// applied what the reader asks for.
import type { Definition } from '../../src/definition/definition.ts'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { Fold } from '../../src/profile/fold.ts'
import type { Profile } from '../../src/profile/profile.ts'
import type { ShardView } from '../../src/questions/shard-view.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { within } from '../../src/runtime/deadline.ts'
import type { ShardRunner } from './shard-runner.ts'

export interface RunnerViewDeps {
  node: string
  definition: Definition
  log: ActionLog
  clock: Clock
}

export class RunnerView implements ShardView {
  readonly shard: number
  readonly epoch: number
  readonly node: string
  readonly definition: Definition
  readonly fold: Fold
  readonly log: ActionLog
  readonly clock: Clock
  readonly #runner: ShardRunner

  constructor(runner: ShardRunner, { node, definition, log, clock }: RunnerViewDeps) {
    this.shard = runner.shard
    this.epoch = runner.epoch
    this.node = node
    this.definition = definition
    this.fold = runner.fold
    this.log = log
    this.clock = clock
    this.#runner = runner
  }

  get applied(): number {
    return this.#runner.applied
  }

  get committed(): number {
    return this.#runner.checkpointer.committed
  }

  get hotUsers(): number {
    return this.#runner.users.size
  }

  get rebuilds(): ShardView['rebuilds'] {
    return this.#runner.rebuilds
  }

  async ready(minSequence = 0): Promise<void> {
    const { failure, replayTo } = this.#runner
    if (failure) throw new PulseprintError('NOT_READY', failure, { retryAfterSeconds: 10 })
    await this.#reach(replayTo, 'NOT_READY', 'the shard is still replaying its log')
    const missing = `shard ${this.shard} has not applied sequence ${minSequence} yet`
    await this.#reach(minSequence, 'NOT_YET_APPLIED', missing)
  }

  async #reach(sequence: number, code: 'NOT_READY' | 'NOT_YET_APPLIED', message: string): Promise<void> {
    if (this.applied >= sequence) return
    const late = () => new PulseprintError(code, message, { retryAfterSeconds: 1 })
    const givenUp = new AbortController()
    const reached = this.#runner.reach(sequence, givenUp.signal)
    await within(reached, LIMITS.readWaitMs, this.clock, late).finally(() => givenUp.abort())
  }

  read<T>(user: string, read: (profile: Profile) => T): Promise<T | undefined> {
    return this.#runner.read(user, read)
  }
}

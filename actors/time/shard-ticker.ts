// The ticker of a running shard, wired to its users and its log.
import type { ShardDeps } from '../shard/shard-deps.ts'
import type { HotUser } from '../users/hot-user.ts'
import { Ticker } from './ticker.ts'
import { WakeQueue } from './wake-queue.ts'

interface TickedShard {
  readonly shard: number
  readonly users: { get(name: string): HotUser | undefined }
  readonly checkpointer: { unsaved(): Iterable<HotUser> }
  reach(sequence: number): Promise<void>
}

export function tickerOf(
  live: TickedShard,
  { clock, logger, snapshots, appendTick, observer }: ShardDeps,
): Ticker {
  const { shard } = live
  return new Ticker({
    clock,
    logger,
    queue: new WakeQueue(shard, snapshots),
    observe: (latenessMs) => observer.woken(latenessMs),
    hotUser: (name) => live.users.get(name),
    unsaved: () => live.checkpointer.unsaved(),
    tick: async (users) => live.reach(await appendTick(shard, users)),
  })
}

// What can happen to NATS and Redis: servers die, one, the leader or all, and a Redis comes back
// with older files.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import { type Fault, lasts, pick } from './fault.ts'
import type { NatsMember } from './nats-cluster.ts'
import type { RedisServer } from './redis-server.ts'
import { LOG_STREAMS, PREFIX, type Topology } from './topology.ts'

export const SERVER_FAULTS: readonly Fault[] = [
  {
    kind: 'NATS server killed',
    mixes: true,
    run: (topology, random) => killNats([pick(random, topology.nats)], random),
  },
  {
    kind: 'NATS leader killed',
    mixes: true,
    async run(topology, random) {
      const stream = pick(random, leaderStreams())
      const leader = (await topology.leaderOf(stream)) ?? pick(random, topology.nats)
      return `${stream}: ${await killNats([leader], random)}`
    },
  },
  {
    kind: 'NATS killed, all servers',
    mixes: true,
    run: (topology, random) => killNats(topology.nats, random),
  },
  {
    kind: 'Redis killed',
    mixes: true,
    async run({ redis }, random) {
      await redis.process.end('SIGKILL')
      const ms = await lasts(random, 0, 3_000)
      await startRedis(redis)
      return `started again after ${ms} ms`
    },
  },
  { kind: 'Redis rolled back to older files', mixes: true, run: rollRedisBack },
  {
    kind: 'Redis frozen',
    mixes: true,
    async run({ redis }, random) {
      redis.process.signal('SIGSTOP')
      const ms = await lasts(random, 500, 7_000)
      redis.process.signal('SIGCONT')
      return `for ${ms} ms`
    },
  },
]

function leaderStreams(): string[] {
  const logs = Array.from({ length: LOG_STREAMS }, (_, index) => `${PREFIX}-log-${index}`)
  return [...logs, `${PREFIX}-owners`, `${PREFIX}-streams`]
}

async function killNats(members: readonly NatsMember[], random: Random): Promise<string> {
  await Promise.all(members.map(({ process }) => process.end('SIGKILL')))
  const ms = await lasts(random, 300, 3_000)
  for (const { process } of members) if (!process.running) process.start()
  await Promise.all(members.map((member) => member.ready()))
  return `${members.map(({ name }) => name).join(', ')}, started again after ${ms} ms`
}

/** To a copy made a few seconds ago, or to the one that an earlier fault made. */
async function rollRedisBack({ redis }: Topology, random: Random): Promise<string> {
  const usesOld = redis.hasCopy && random.below(3) === 0
  if (!usesOld) {
    redis.copyFiles()
    await lasts(random, 1_000, 8_000)
  }
  await redis.process.end('SIGKILL')
  redis.rollBack()
  await sleep(random.below(500))
  await startRedis(redis)
  return `to files ${Math.round(redis.copyAgeMs / 1_000)} s old`
}

async function startRedis(redis: RedisServer): Promise<void> {
  if (!redis.process.running) redis.process.start()
  await redis.ready()
}

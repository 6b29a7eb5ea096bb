// What can happen to a node: it dies, stands still, leaves, joins, or its event loop or clock
// misbehaves.
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../support/until.ts'
import { between, type Fault, lasts, pick, someNode } from './fault.ts'
import type { NodeProcess } from './node-process.ts'

const HOUR_MS = 3_600_000
/** A node that is asked to stop hands over and ends within this. */
const STOP_MS_MAX = 40_000
const REFUSE_MS_MAX = 30_000

export const NODE_FAULTS: readonly Fault[] = [
  {
    kind: 'node killed (-9)',
    mixes: true,
    async run(topology, random) {
      const node = someNode(topology, random)
      await node.end('SIGKILL')
      const ms = await lasts(random, 0, 3_000)
      node.start()
      return `${node.name}, started again after ${ms} ms`
    },
  },
  {
    kind: 'node killed while it saves',
    mixes: false,
    async run(topology, random) {
      const node = someNode(topology, random)
      // What the node has sent is written when Redis goes on, what it would have sent next is not:
      // half of a save.
      topology.redis.process.signal('SIGSTOP')
      const ms = await lasts(random, 1_000, 4_500)
      await node.end('SIGKILL')
      topology.redis.process.signal('SIGCONT')
      await lasts(random, 0, 2_000)
      node.start()
      return `${node.name}, after ${ms} ms of a frozen Redis`
    },
  },
  {
    kind: 'node frozen past its silence',
    mixes: true,
    async run(topology, random) {
      const node = someNode(topology, random)
      node.process.signal('SIGSTOP')
      const ms = await lasts(random, 2_200, 6_000)
      node.process.signal('SIGCONT')
      return `${node.name} for ${ms} ms`
    },
  },
  {
    kind: 'node stopped (SIGTERM)',
    mixes: true,
    async run(topology, random) {
      const node = someNode(topology, random)
      const took = await stop(node)
      await lasts(random, 0, 1_500)
      node.start()
      return `${node.name}, ended after ${took} ms`
    },
  },
  {
    kind: 'node joins and leaves',
    mixes: true,
    async run(topology, random) {
      const guest = await topology.prepareGuest()
      try {
        guest.start()
        await guest.ready()
        const ms = await lasts(random, 1_500, 5_000)
        if (random.below(3) === 0) await guest.end('SIGKILL')
        else await stop(guest)
        return `${guest.name} for ${ms} ms`
      } finally {
        await guest.end('SIGKILL')
        guest.close()
      }
    },
  },
  {
    kind: 'event loop stalled',
    mixes: true,
    async run(topology, random) {
      const node = someNode(topology, random)
      const stallMs = between(random, 300, 4_000)
      node.process.tell({ stallMs })
      await sleep(stallMs)
      return `${node.name} for ${stallMs} ms`
    },
  },
  {
    kind: 'clock jumps by an hour',
    mixes: true,
    async run(topology, random) {
      const node = someNode(topology, random)
      const clockShiftMs = pick(random, [HOUR_MS, -HOUR_MS])
      node.process.tell({ clockShiftMs })
      const ms = await lasts(random, 1_500, 5_000)
      node.process.tell({ clockShiftMs: 0 })
      return `${node.name} by ${clockShiftMs} ms, and back after ${ms} ms`
    },
  },
  {
    kind: 'start with a wrong clock (refused)',
    mixes: false,
    async run(topology, random) {
      const guest = await topology.prepareGuest()
      const shiftMs = pick(random, [HOUR_MS, -HOUR_MS])
      const code = await refusal(guest, { FAULTS_CLOCK_SHIFT_MS: String(shiftMs) })
      return `${shiftMs} ms off: exit code ${code}`
    },
  },
  {
    kind: 'start under a name in use (refused)',
    mixes: false,
    async run(topology, random) {
      const { name } = someNode(topology, random)
      // Whom nobody hears, because its connection has just come back, nobody can tell from a dead
      // one.
      await Promise.all(topology.nodes.map((node) => node.ready()))
      const code = await refusal(await topology.prepareNode(name, `${name}-twin`), {})
      return `${name}: exit code ${code}`
    },
  },
]

/** Asks the node to stop; gives how long that took. */
async function stop(node: NodeProcess): Promise<number> {
  const askedAt = performance.now()
  let ended = false
  const ending = node.end('SIGTERM').then(() => {
    ended = true
  })
  await until(
    () => ended,
    () => `${node.name} was asked to stop and did not within ${STOP_MS_MAX} ms`,
    STOP_MS_MAX,
  ).catch(async (error) => {
    await node.end('SIGKILL')
    throw error
  })
  await ending
  return Math.round(performance.now() - askedAt)
}

/** Starts a node that must not come up; gives its exit code. Throws where it comes up. */
async function refusal(node: NodeProcess, env: NodeJS.ProcessEnv): Promise<number | null> {
  let code: number | null | undefined
  const ended = node.refusesToStart(env).then((found) => {
    code = found
  })
  try {
    await until(
      async () => {
        if (await node.isReady()) throw new Error(`${node.process.name} came up: it had to be refused`)
        return code !== undefined
      },
      () => `${node.process.name} neither came up nor ended`,
      REFUSE_MS_MAX,
    )
    await ended
    if (code === 0) throw new Error(`${node.process.name} ended with code 0: it had to be refused`)
    return code ?? null
  } finally {
    await node.end('SIGKILL')
    node.close()
  }
}

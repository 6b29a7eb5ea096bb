// What can happen to a node's connections: replies are lost after what was asked has been done,
// connections break, carry in one direction only, hold everything, or are refused.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import { until } from '../support/until.ts'
import { between, type Fault, lasts, pick, someNode } from './fault.ts'
import type { FaultyLink, LinkState } from './faulty-link.ts'
import type { NodeProcess } from './node-process.ts'
import type { Topology } from './topology.ts'

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    kind: 'replies of Redis lost',
    mixes: true,
    run: (topology, random) => loseReplies(topology, random, ({ redis }) => [redis], 50),
  },
  {
    kind: 'replies of NATS lost',
    mixes: true,
    // Heartbeats come all the time: a while is needed for acknowledgements to be among what is
    // lost.
    run: (topology, random) => loseReplies(topology, random, ({ nats }) => nats, 1_200),
  },
  {
    kind: 'connections cut',
    mixes: true,
    async run(topology, random) {
      const node = someNode(topology, random)
      const times = between(random, 1, 5)
      for (let cut = 0; cut < times; cut++) {
        for (const link of node.links) link.cut()
        await lasts(random, 50, 600)
      }
      return `${node.name}, ${times} times`
    },
  },
  breaks('connections one-way', ['deaf', 'mute'], 6_000),
  breaks('connections stalled', ['stalled'], 6_000),
  breaks('cut off from NATS or Redis', ['closed'], 7_000),
]

const sides: readonly { name: string; links(node: NodeProcess): readonly FaultyLink[] }[] = [
  { name: 'NATS', links: ({ nats }) => nats },
  { name: 'Redis', links: ({ redis }) => [redis] },
]

function breaks(kind: string, states: readonly LinkState[], msMax: number): Fault {
  return {
    kind,
    mixes: true,
    async run(topology, random) {
      const node = someNode(topology, random)
      const side = pick(random, sides)
      const state = pick(random, states)
      const links = side.links(node)
      for (const link of links) link.state = state
      const ms = await lasts(random, 800, msMax)
      for (const link of links) link.state = 'whole'
      return `${node.name} to ${side.name} ${state} for ${ms} ms`
    },
  }
}

/** Throws replies away until some were, and a moment longer; then the connections break. */
async function loseReplies(
  topology: Topology,
  random: Random,
  linksOf: (node: NodeProcess) => readonly FaultyLink[],
  momentMs: number,
): Promise<string> {
  const node = someNode(topology, random)
  const links = linksOf(node)
  const count = () => links.reduce((sum, { repliesLost }) => sum + repliesLost, 0)
  const before = count()
  for (const link of links) link.state = 'deaf'
  // A node that is down at this moment asks for nothing.
  await until(
    () => count() > before,
    () => 'no reply',
    6_000,
  ).catch(() => {})
  await sleep(random.below(momentMs))
  for (const link of links) link.cut()
  return `${node.name}, ${count() - before} replies`
}

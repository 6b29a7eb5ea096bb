// What a fault is: something that happens to the parts for a while, and is over when it resolves.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { NodeProcess } from './node-process.ts'
import type { Topology } from './topology.ts'

export interface Fault {
  kind: string
  /** False for one that only shows something while all else is well. */
  mixes: boolean
  /**
   * Does it; every part it has touched runs, or is on its way to, when this resolves. Gives what
   * exactly was done. Throws where the engine let something through that it must refuse.
   */
  run(topology: Topology, random: Random): Promise<string>
}

/** A whole number of milliseconds, both ends included. */
export function between(random: Random, min: number, max: number): number {
  return min + random.below(max - min + 1)
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)]!
}

/** Waits so long, and says how long that was. */
export async function lasts(random: Random, min: number, max: number): Promise<number> {
  const ms = between(random, min, max)
  await sleep(ms)
  return ms
}

export function someNode({ nodes }: Topology, random: Random): NodeProcess {
  return pick(random, nodes)
}

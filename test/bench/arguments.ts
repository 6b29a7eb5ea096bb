// What the command line of the benchmark asks for.
import { parseArgs } from 'node:util'
import { type BenchPlan, PLANS } from './plan.ts'

/**
 * What is measured: one node by itself, many as a cluster; or only one node beside the other sides.
 */
const PARTS = ['single', 'cluster', 'sides'] as const
export type Part = (typeof PARTS)[number]

export interface BenchRun {
  plan: BenchPlan
  /** Undefined: all. */
  only: Part | undefined
  /** The commit that is measured too; undefined: none. */
  against: string | undefined
}

export const USAGE = `Usage: npm run bench [-- [--quick | --smoke] [--only ${PARTS.join(' | ')}] [--against REF]]`

/** Undefined where the arguments are none that there are. */
export function runOf(args: readonly string[]): BenchRun | undefined {
  const given = valuesOf(args)
  if (!given || (given.quick && given.smoke)) return undefined
  const only = PARTS.find((part) => part === given.only)
  if (only !== given.only) return undefined
  if (given.against !== undefined && only !== undefined) return undefined
  const length = given.quick ? 'quick' : given.smoke ? 'smoke' : 'full'
  return { plan: PLANS[length], only, against: given.against }
}

function valuesOf(args: readonly string[]) {
  const options = {
    quick: { type: 'boolean' },
    smoke: { type: 'boolean' },
    only: { type: 'string' },
    against: { type: 'string' },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch {
    return undefined
  }
}

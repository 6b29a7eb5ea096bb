// What the command line of the benchmark asks for.
import { parseArgs } from 'node:util'
import { type BenchPlan, PLANS } from './plan.ts'

/**
 * One node by itself; of that only the comparison with other sides; bodies of several sizes;
 * clusters; writes and reads at once; costs and rates of two versions.
 */
export type Part = 'single' | 'sides' | 'bodies' | 'cluster' | 'day' | 'costs'

/** What is measured by default, and what else can be asked for. */
const OF_A_RUN: readonly Part[] = ['single', 'bodies', 'cluster', 'day']
const ALSO_OF_A_RUN: readonly Part[] = ['sides']
const OF_TWO_VERSIONS: readonly Part[] = ['costs', 'day']
const ALSO_OF_TWO_VERSIONS: readonly Part[] = ['bodies']

export interface BenchRun {
  plan: BenchPlan
  parts: readonly Part[]
  /** The commit that is measured too; undefined: none. */
  against: string | undefined
  /** So many are measured, and nothing else; undefined: the parts. */
  users: number | undefined
}

/** User ids of the load have seven digits, and its batches 100 users. */
const USERS = { max: 10_000_000, multipleOf: 100 }

export const USAGE = `Usage: npm run bench [-- [--quick | --smoke] [--only single | sides | bodies | cluster | day]]
       npm run bench -- --against REF [--quick | --smoke] [--only costs | bodies | day]
       npm run bench -- --users N [--quick | --smoke]`

/** Undefined where the arguments are none that there are. */
export function runOf(args: readonly string[]): BenchRun | undefined {
  const given = valuesOf(args)
  if (!given || (given.quick && given.smoke)) return undefined
  const plan = PLANS[given.quick ? 'quick' : given.smoke ? 'smoke' : 'full']
  const { against, only } = given
  if (given.users !== undefined) {
    const users = usersOf(given.users)
    if (users === undefined || against !== undefined || only !== undefined) return undefined
    return { plan, parts: [], against, users }
  }
  const [every, also] =
    against === undefined ? [OF_A_RUN, ALSO_OF_A_RUN] : [OF_TWO_VERSIONS, ALSO_OF_TWO_VERSIONS]
  if (only === undefined) return { plan, parts: every, against, users: undefined }
  const parts = [...every, ...also].filter((part) => part === only)
  return parts.length === 0 ? undefined : { plan, parts, against, users: undefined }
}

function usersOf(text: string): number | undefined {
  const users = /^\d+$/.test(text) ? Number(text) : 0
  return users > 0 && users <= USERS.max && users % USERS.multipleOf === 0 ? users : undefined
}

function valuesOf(args: readonly string[]) {
  const options = {
    quick: { type: 'boolean' },
    smoke: { type: 'boolean' },
    only: { type: 'string' },
    against: { type: 'string' },
    users: { type: 'string' },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch {
    return undefined
  }
}

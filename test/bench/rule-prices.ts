// What rules and a lifecycle add to the cost of an action: the same load on engines that differ in
// their definition only, in turn, round after round.
import type { Cleanup } from './cleanup.ts'
import { definitionWith, FIVE_STAGES, rulesThatNeverFire, type Triggers } from './definitions.ts'
import { EngineUnderTest } from './engine-under-test.ts'
import type { LoadPlan } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { runLoad } from './run-load.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'

export interface RulePrice {
  name: string
  /** Microseconds per action, one per round; saving included in that of the CPU. */
  wallPerAction: number[]
  cpuPerAction: number[]
}

interface Variant extends RulePrice {
  engine: EngineUnderTest
}

/** The first is what the others are compared with. */
export async function measureRulePrices(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<RulePrice[]> {
  const variants: Variant[] = []
  for (const [name, reactions] of definitionsOf(plan)) {
    say(`price of rules: ${name}`)
    const definition = definitionWith(reactions)
    const engine = await EngineUnderTest.start(cleanup, { hotUsers: 200_000, definition })
    const traffic = trafficOf(engine, plan)
    await runLoad({ ...traffic, rounds: 1 })
    await runLoad({ ...traffic, seconds: plan.warmSeconds })
    variants.push({ name, engine, wallPerAction: [], cpuPerAction: [] })
  }
  await Promise.all(variants.map(({ engine }) => engine.saved()))
  for (let round = 1; round <= plan.reactionRounds; round++) {
    say(`price of rules, round ${round} of ${plan.reactionRounds}`)
    for (const variant of variants) await measure(variant, plan)
  }
  for (const { engine } of variants) await engine.stop()
  return variants
}

function definitionsOf({ ruleCounts }: BenchPlan): [name: string, Triggers][] {
  const most = ruleCounts.at(-1)!
  return [
    ['no rules', rulesThatNeverFire(0, undefined)],
    ...ruleCounts.map((count): [string, Triggers] => [
      `rules on the action: ${count}`,
      rulesThatNeverFire(count, 'purchase'),
    ]),
    [`conditions without an action: ${most}`, rulesThatNeverFire(most, undefined)],
    [`rules on other actions: ${most}`, rulesThatNeverFire(most, 'checkout')],
    ['lifecycle of five stages', FIVE_STAGES],
  ]
}

function trafficOf({ port }: EngineUnderTest, { ingestConnections, users }: BenchPlan): LoadPlan {
  return { port, kind: 'ingest', connections: ingestConnections, firstUser: 0, users }
}

async function measure({ engine, wallPerAction, cpuPerAction }: Variant, plan: BenchPlan): Promise<void> {
  const cpuBefore = engine.server.cpuSeconds()
  const { requests, seconds } = await runLoad({ ...trafficOf(engine, plan), seconds: plan.ruleSeconds })
  const acknowledged = performance.now()
  await engine.applied()
  const wallSeconds = seconds + (performance.now() - acknowledged) / 1_000
  await engine.saved()
  const actions = requests * BATCH_ACTIONS
  wallPerAction.push((wallSeconds * 1e6) / actions)
  cpuPerAction.push(((engine.server.cpuSeconds() - cpuBefore) * 1e6) / actions)
}

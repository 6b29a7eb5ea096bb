// `npm run bench -- --against REF`: this checkout beside another commit.
import type { Cleanup } from '../cleanup.ts'
import type { BenchPlan } from '../plan.ts'
import { compareVersions } from './against.ts'
import { versionsIntroduction, versionsTable } from './against-report.ts'
import { checkOut, ownVersion } from './checkout.ts'

export async function benchAgainst(
  ref: string,
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<void> {
  const theirs = await checkOut(ref, cleanup, say)
  const versions = [ownVersion(), theirs]
  const turns = await compareVersions(versions, plan, cleanup, say)
  console.log(`${versionsIntroduction(plan)}

${versionsTable(turns, plan)}
`)
  await theirs.remove()
}

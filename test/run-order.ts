// In which order test files run, and which took longest: a run is as long as its last file, so the
// long ones begin first.
import type { Reporter, TestModule } from 'vitest/node'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take long, the longest first; all others follow in any order. */
const LONGEST = [
  'faults/faults',
  'integration/online-retail-cluster',
  'integration/cluster-outages',
  'integration/import',
  'integration/online-retail',
  'integration/silence',
  'integration/slow-reader',
  'integration/import-order',
  'integration/kill',
  'contract/nats-faults',
  'integration/docs-commands',
  'integration/subscribers',
  'integration/bench',
  'integration/cluster-operations',
  'integration/import-places',
  'integration/full-disk-streams',
  'integration/package',
  'integration/backup',
  'integration/storage',
  'integration/cluster-changes',
  'integration/docs-operations',
  'integration/deploy-image',
  'integration/cluster-crash',
  'contract/retention',
  'hostile/stores-that-do-not-fit',
  'hostile/damage',
  'integration/decisions',
  'integration/cluster-refusals',
  'laws/life',
  'laws/engine',
  'unit/api/streams',
]
const SHOWN = 10

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return index < 0 ? LONGEST.length : index
    }
    return files.toSorted((a, b) => place(a) - place(b))
  }
}

/** Says at the end which files took longest. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const files = modules.map((module) => {
      const { duration, collectDuration, setupDuration } = module.diagnostic()
      return { path: module.relativeModuleId, seconds: (duration + collectDuration + setupDuration) / 1000 }
    })
    const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SHOWN)
    const lines = slowest.map(({ path, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${path}`)
    console.log(`\n${lines.length} slowest files:\n${lines.join('\n')}`)
  }
}

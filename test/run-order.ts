// In which order test files run, and which took longest: a run is as long as its last file, so the
// long ones begin first.
import type { Reporter, TestModule } from 'vitest/node'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take long, the longest first; all others follow in any order. */
const LONGEST = [
  'faults/faults',
  'integration/online-retail',
  'integration/import',
  'integration/online-retail-cluster',
  'integration/cluster-outages',
  'integration/silence',
  'integration/kill',
  'integration/import-order',
  'integration/package',
  'integration/slow-reader',
  'integration/backup',
  'integration/deploy-image',
  'hostile/stores-that-do-not-fit',
  'hostile/damage',
  'integration/full-disk-streams',
  'contract/nats-faults',
  'integration/decisions',
  'integration/cluster-refusals',
  'integration/cluster-operations',
  'integration/subscribers',
  'integration/storage',
  'laws/life',
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

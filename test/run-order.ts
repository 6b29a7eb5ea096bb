// In which order test files run, and which took longest: a run is as long as its last file, so the
// long ones begin first.
import type { Reporter, TestModule } from 'vitest/node'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take long, the longest first; all others follow in any order. */
const LONGEST = [
  'faults/faults',
  'integration/online-retail-cluster',
  'integration/import',
  'integration/kill',
  'integration/online-retail',
  'integration/silence',
  'integration/cluster-outages',
  'integration/backup',
  'integration/import-order',
  'integration/slow-reader',
  'integration/decisions',
  'integration/full-disk-streams',
  'contract/nats-faults',
  'integration/cluster-refusals',
  'integration/subscribers',
  'integration/package',
  'integration/cluster-operations',
  'integration/docs-operations',
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

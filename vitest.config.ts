import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst, SlowestFiles } from './test/run-order.ts'

/** What needs no server and no process of its own: the inner loop, `npm run test:quick`. */
const QUICK = [
  'test/unit/**/*.test.ts',
  'test/laws/**/*.test.ts',
  'test/contract/{lmdb,folder-lock,log-threads,stream-threads}.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'quick', include: QUICK } },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: QUICK,
          globalSetup: 'test/support/program.ts',
        },
      },
    ],
    // A machine may be four times slower, or busy with other work.
    testTimeout: 240_000,
    hookTimeout: 400_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    // Tests leave nothing behind in their worker, so that it can go on with the next file.
    isolate: false,
    // Tests with servers and processes mostly wait for them.
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new SlowestFiles()],
    // Every engine that a test starts is compiled once.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('.cache/compile', import.meta.url)) },
  },
})

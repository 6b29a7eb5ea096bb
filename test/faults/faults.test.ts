// The fault suite in three minutes, as a part of `npm test`: every kind of fault at least once, in
// an order of a new seed each time.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { testSeed } from '../support/random.ts'
import { FAULTS } from './plan.ts'
import { runFaults } from './run.ts'

const MINUTES = 3
/** What is still awaited when the time is up may take a while on a busy machine. */
const PATIENCE_MS = 600_000

test('nothing acknowledged is lost or counted twice, whatever breaks for three minutes', {
  timeout: MINUTES * 60_000 + PATIENCE_MS,
}, async () => {
  const seed = testSeed('test/faults/faults.test.ts')
  console.log(`the same again, alone: npm run test:faults -- --seed ${seed} --minutes ${MINUTES}`)
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const lines: string[] = []
  const { violations, fired } = await runFaults({
    seed,
    minutes: MINUTES,
    nodes: 3,
    // Half the load of the suite by itself: other tests run beside it.
    slowness: 2,
    only: [],
    keep: false,
    root,
    say: (line) => lines.push(line),
  })
  console.log(lines.join('\n'))
  expect(violations).toEqual([])
  const kinds = new Set(fired.map(({ kind }) => kind))
  expect(FAULTS.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).toEqual([])
})

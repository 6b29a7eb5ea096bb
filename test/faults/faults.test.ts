// The fault suite as a part of `npm test`: every kind of fault once, in an order of a new seed each
// time. `npm run test:faults` goes on for as long as you like.
import { expect, test } from 'vitest'
import { PROGRAM } from '../support/program.ts'
import { testSeed } from '../support/random.ts'
import { FAULTS } from './plan.ts'
import { runFaults } from './run.ts'

/** The run goes on until every kind has come, about two minutes. */
const MINUTES = 1
/** What is still awaited when the time is up may take a while on a busy machine. */
const PATIENCE_MS = 600_000

test('nothing acknowledged is lost or counted twice, whatever breaks', {
  timeout: MINUTES * 60_000 + PATIENCE_MS,
}, async () => {
  const seed = testSeed('test/faults/faults.test.ts')
  console.log(`the same again, alone: npm run test:faults -- --seed ${seed} --minutes ${MINUTES}`)
  const lines: string[] = []
  const { violations, fired } = await runFaults({
    seed,
    minutes: MINUTES,
    nodes: 3,
    // An eighth of the load of the suite by itself: other tests run beside it.
    slowness: 8,
    only: [],
    keep: false,
    program: PROGRAM,
    say: (line) => lines.push(line),
  })
  console.log(lines.join('\n'))
  expect(violations).toEqual([])
  const kinds = new Set(fired.map(({ kind }) => kind))
  expect(FAULTS.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).toEqual([])
})

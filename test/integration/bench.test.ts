// The benchmark of one node runs from end to end and prints every row; what the figures are is not
// a test's business. That of clusters takes minutes: `npm run bench -- --smoke --only cluster`.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../bench/main.ts', import.meta.url))

const ROWS = [
  'ingest, actions/s applied',
  'GET profile, requests/s',
  'time, µs/action',
  'bytes per hot user, live',
  'bytes per hot user, resident',
  'bytes per stored user, pages in use',
  'bytes per stored user, whole file',
  'first answer after kill -9, ms',
  'POST to its decision on SSE, p50, ms',
  'POST wait=applied, return=features,stage,decisions: p50, ms',
  'no rules',
  'rules on the action: 2',
  'conditions without an action: 2',
  'rules on other actions: 2',
  'lifecycle of five stages',
  'bytes per timer in the index, pages in use',
  'memory with all pending, after a restart, MiB live',
  'CPU with all pending and nothing to do, ms/s',
  '  timers fired per second',
  '  the last one announced after, s',
  '  memory at most, MiB resident',
  '  meanwhile GET profile, p50, ms',
  '  meanwhile POST of one action, p50, ms',
  'late by, p50, ms',
]

test('the benchmark prints every row with its figures, and ends well', { timeout: 900_000 }, async () => {
  // It ends with an error where a profile does not count what was sent, an answer is not a success,
  // or a decision or a timer is lost or comes twice.
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--smoke', '--only', 'single'])
  for (const row of ROWS) {
    const line = stdout.split('\n').find((text) => text.startsWith(`| ${row}`))
    expect(line, row).toMatch(/\d/)
    expect(line, row).not.toMatch(/NaN|Infinity|undefined/)
  }
  for (const side of ['Pulseprint', 'Redis everysec', 'Redis always', 'bare Fastify'])
    expect(stdout).toContain(side)
})

test.each([['--fast'], ['--only', 'nothing'], ['--only']])(
  '%s %s is answered with the usage',
  async (...args) => {
    const run = promisify(execFile)(process.execPath, [MAIN, ...args])
    await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--quick') })
  },
)

// The benchmark of one node beside the other sides runs from end to end; what the figures are is
// not a test's business. All other tables take minutes: `npm run bench -- --smoke`, which fails the
// same way.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../bench/main.ts', import.meta.url))

const ROWS = ['ingest, actions/s applied', 'GET profile, requests/s']

test('the benchmark prints the engine beside the other sides with figures, and ends well', {
  timeout: 600_000,
}, async () => {
  // It ends with an error where a profile does not count what was sent, an answer is not a success,
  // or a decision or a timer is lost or comes twice.
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--smoke', '--only', 'sides'])
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

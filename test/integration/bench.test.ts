// The benchmark runs from end to end and prints every row; what the figures are is not a test's business.
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
]

test('the benchmark prints every row with its figures, and ends well', { timeout: 300_000 }, async () => {
  // It ends with an error where a profile does not count what was sent, or any answer is not a success.
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--smoke'])
  for (const row of ROWS) {
    const line = stdout.split('\n').find((text) => text.startsWith(`| ${row}`))
    expect(line, row).toMatch(/\d/)
    expect(line, row).not.toMatch(/NaN|Infinity|undefined/)
  }
  for (const side of ['Pulseprint', 'Redis everysec', 'Redis always', 'bare Fastify'])
    expect(stdout).toContain(side)
})

test('an unknown option is answered with the usage', async () => {
  const run = promisify(execFile)(process.execPath, [MAIN, '--fast'])
  await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--quick') })
})

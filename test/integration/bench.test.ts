// The benchmark runs from end to end: one node beside the other sides and beside another commit, and
// the day; what the figures are is not a test's business. All other tables take minutes: `npm run
// bench -- --smoke`, which fails the same way.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../bench/main.ts', import.meta.url))

const ROWS = ['ingest, actions/s applied', 'GET profile, requests/s']
const CHECKED_OUT = /HEAD is checked out at (\S+)/

test('the benchmark prints the engine beside the other sides with figures, and ends well', {
  timeout: 600_000,
}, async () => {
  // It ends with an error where a profile does not count what was sent, an answer is not a success,
  // or a decision or a timer is lost or comes twice.
  const { stdout } = await smoke('--only', 'sides')
  for (const row of ROWS) expectFigures(stdout, row)
  for (const side of ['Pulseprint', 'Redis everysec', 'Redis always', 'bare Fastify'])
    expect(stdout).toContain(side)
})

test('the benchmark measures another commit beside this one, and removes it afterwards', {
  timeout: 600_000,
}, async () => {
  const { stdout, stderr } = await smoke('--against', 'HEAD', '--only', 'costs')
  expectFigures(stdout, 'CPU, µs/action, 1,000 users')
  expectFigures(stdout, 'first answer after kill -9, ms')
  expectRemoved(stderr)
})

test('the benchmark finds how much of a day of writes and reads each engine carries', async () => {
  const { stdout } = await smoke('--only', 'day')
  for (const row of ['embedded', '2 nodes, 1 NATS, Redis']) expectFigures(stdout, row)
})

test('a run that is interrupted removes the other commit too', async () => {
  const bench = spawn(process.execPath, [MAIN, '--smoke', '--against', 'HEAD'])
  let output = ''
  bench.stderr.setEncoding('utf8')
  for await (const text of bench.stderr) {
    output += text
    if (output.includes('round 1')) break
  }
  const ended = once(bench, 'exit')
  bench.kill('SIGINT')
  expect(await ended).toEqual([130, null])
  expectRemoved(output)
})

test('a commit that there is not is named', async () => {
  await expect(smoke('--against', 'no-such-commit')).rejects.toMatchObject({
    stderr: expect.stringContaining('no-such-commit'),
  })
})

test('arguments that there are not are answered with the usage', async () => {
  const bench = run(process.execPath, [MAIN, '--fast'])
  await expect(bench).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--quick') })
})

function smoke(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [MAIN, '--smoke', ...args])
}

function expectFigures(stdout: string, row: string): void {
  const line = stdout.split('\n').find((text) => text.startsWith(`| ${row}`))
  expect(line, row).toMatch(/\| +\d/)
  expect(line, row).not.toMatch(/NaN|Infinity|undefined/)
}

function expectRemoved(stderr: string): void {
  const folder = String(CHECKED_OUT.exec(stderr)?.[1])
  expect(folder).toContain('pulseprint-bench-against-')
  expect(existsSync(folder)).toBe(false)
  expect(execFileSync('git', ['worktree', 'list'], { encoding: 'utf8' })).not.toContain(folder)
}

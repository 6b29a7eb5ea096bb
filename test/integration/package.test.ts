// Proves what users of the package get: `npm pack`, `npm install` of the tarball in an empty
// folder, `npx pulseprint`, also where the Node of the machine is old.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/folders.ts'
import { NPM_CACHE } from '../support/npm-cache.ts'
import { freePort } from '../support/servers.ts'
import { root } from '../support/source-files.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)

/** Makes the launcher believe that an old Node runs it, on any machine; only the launcher looks. */
const AN_OLD_NODE = `--import=data:text/javascript,${encodeURIComponent(
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } })`,
)}`

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-package-'))
  const tarballs = join(folder, 'tarballs')
  mkdirSync(tarballs)
  await run('npm', ['pack', '--pack-destination', tarballs], { cwd: root, env: freshEnvironment() })
  const [tarball = ''] = readdirSync(tarballs)
  const options = ['--prefer-offline', '--no-audit', '--no-fund']
  // The folder's own package.json keeps npm from climbing to a project above it.
  await run('npm', ['init', '--yes'], { cwd: folder, env: freshEnvironment() })
  await run('npm', ['install', join(tarballs, tarball), ...options], { cwd: folder, env: freshEnvironment() })
}, 600_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * The environment of a user's shell: nothing of the npm that runs these tests, nor its
 * node_modules/.bin.
 */
function freshEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_(userconfig|registry)$)|PULSEPRINT_|NODE_OPTIONS|VITEST)/i.test(name),
  )
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'))
  return { ...Object.fromEntries(kept), ...NPM_CACHE, PATH: path.join(delimiter) }
}

describe('the installed package', () => {
  test('holds compiled code, types, the launcher, examples and documents, and nothing else', () => {
    const names = readdirSync(join(folder, 'node_modules', 'pulseprint')).sort()
    const expected = [
      'ARCHITECTURE.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'docs',
      'examples',
      'package.json',
    ]
    expect(names.filter((name) => name !== 'node_modules')).toEqual(expected)
    expect(readdirSync(join(folder, 'node_modules', 'pulseprint', 'dist', 'src'))).toContain('engine.d.ts')
  })

  test('explains itself with npx pulseprint --help', async () => {
    const { stdout } = await run('npx', ['pulseprint', '--help'], { cwd: folder, env: freshEnvironment() })
    expect(stdout).toMatch(/Usage: pulseprint/)
  })

  test('serves with npx pulseprint start, and ends when npx is ended', async () => {
    const engine = await startEngine('npx', ['pulseprint'], freshEnvironment())
    expect(await statusOf(engine.url)).toBe(200)
    engine.process.kill('SIGTERM')
    await untilSilent(engine.url)
  })
})

describe('the launcher on an old Node', () => {
  const launcher = () => join(folder, 'node_modules', 'pulseprint', 'bin', 'pulseprint.mjs')
  const oldNode = () => ({ ...freshEnvironment(), NODE_OPTIONS: AN_OLD_NODE })

  test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    'starts the packaged Node, which ends when %s ends the launcher',
    async (signal) => {
      const engine = await startEngine(process.execPath, [launcher()], oldNode())
      engine.process.kill(signal)
      await untilSilent(engine.url)
    },
  )

  test('passes on the exit code', async () => {
    const wrong = run(process.execPath, [launcher(), 'no-such-command'], { env: oldNode() })
    await expect(wrong).rejects.toMatchObject({ code: 2 })
  })

  test('says in one line what is missing where no Node was packaged', async () => {
    const bare = temporaryFolder()
    cpSync(launcher(), join(bare, 'bin', 'pulseprint.mjs'))
    const refused = run(process.execPath, [join(bare, 'bin', 'pulseprint.mjs')], { env: oldNode() })
    await expect(refused).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^pulseprint: needs Node 24 .*\n$/),
    })
  })
})

async function startEngine(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ process: ChildProcess; url: string }> {
  const port = await freePort()
  const options = ['start', '--port', String(port), '--data', temporaryFolder()]
  const child = spawn(command, [...args, ...options], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const url = `http://127.0.0.1:${port}/healthz`
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output}`)
      return (await statusOf(url)) === 200
    },
    () => `nothing answered at ${url}: ${output}`,
  )
  return { process: child, url }
}

async function statusOf(url: string): Promise<number | undefined> {
  return fetch(url, { headers: { connection: 'close' } }).then(
    (response) => response.status,
    () => undefined,
  )
}

async function untilSilent(url: string): Promise<void> {
  await until(
    async () => (await statusOf(url)) === undefined,
    () => `something still answers at ${url}`,
  )
}

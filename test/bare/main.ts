// `npm run test:bare`: both commands of the README, run by a newcomer on a bare Debian: a root made
// with debootstrap, a clone of the last commit, and nothing of this machine but Node and npm.
// Arguments go to `npm test`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../deploy/local-servers/free-port.ts'
import { makeBareRoot, removeTree, run, whyNoBareRoot } from './bare-root.ts'
import { runInside, startInside } from './inside.ts'

const HERE = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const CACHE = join(HERE, '.cache')
/** Where the clone stands inside. */
const CHECKOUT = '/home/newcomer/pulseprint'
/** The folder beside a checkout whose data the tests read, where there is one. */
const DATA = 'shared'
const START_WAIT_MS = 300_000

/**
 * With `--or-here`, a machine that cannot make a bare root says so and runs `npm test` as it is.
 */
const OR_HERE = '--or-here'

async function main(): Promise<number> {
  const args = process.argv.slice(2).filter((arg) => arg !== OR_HERE)
  const root = await bareRoot().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    if (!process.argv.includes(OR_HERE)) throw new Error(`no bare root can be made: ${reason}`)
    console.log(`bare: no bare root can be made here (${reason}); running npm test on this machine instead`)
    return undefined
  })
  if (root === undefined) return testHere(args)
  try {
    await checkStart(root)
    console.log('bare: npm start has served an action and a profile; now npm test')
    return await runInside(root, CHECKOUT, ['npm', 'test', ...(args.length > 0 ? ['--', ...args] : [])])
  } finally {
    removeTree(dirname(root))
  }
}

async function bareRoot(): Promise<string> {
  const reason = whyNoBareRoot()
  if (reason !== undefined) throw new Error(reason)
  const root = join(mkdtempSync(join(CACHE, 'bare-run-')), 'root')
  await makeBareRoot(CACHE, root)
  const clone = join(root, CHECKOUT)
  run('git', ['clone', '--quiet', '--no-hardlinks', HERE, clone])
  const data = join(dirname(HERE), DATA)
  if (existsSync(data)) cpSync(realpathSync(data), join(dirname(clone), DATA), { recursive: true })
  return root
}

/** The first command of the README serves an action and the profile that it leads to. */
async function checkStart(root: string): Promise<void> {
  const port = String(await freePort())
  const child = startInside(root, CHECKOUT, ['npm', 'start'], { PULSEPRINT_PORT: port })
  const ended = once(child, 'exit').then(() => {
    throw new Error('npm start has ended by itself')
  })
  try {
    await Promise.race([ended, serves(`http://127.0.0.1:${port}`)])
  } finally {
    ended.catch(() => {})
    // unshare itself ignores the milder signals; the processes inside end with it.
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}

async function serves(url: string): Promise<void> {
  const deadline = performance.now() + START_WAIT_MS
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) {
    if (performance.now() > deadline) throw new Error('npm start does not serve')
    await sleep(200)
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ userId: 'newcomer', action: 'purchase', properties: { price: 12.5 } })
  await fetch(`${url}/v1/actions`, { method: 'POST', headers, body })
  const profile = (await (await fetch(`${url}/v1/profiles/newcomer`)).json()) as {
    features?: { spend?: number }
  }
  if (profile.features?.spend !== 12.5) throw new Error(`npm start answers ${JSON.stringify(profile)}`)
}

async function testHere(args: readonly string[]): Promise<number> {
  const child = spawn('npm', ['test', '--', ...args], { cwd: HERE, stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  return (code as number | null) ?? 1
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`bare: ${error instanceof Error ? error.message : error}`)
  return 1
})

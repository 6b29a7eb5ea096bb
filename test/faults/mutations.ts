// `npm run test:mutations`: takes one guard after the other out of a copy of the engine and lets
// the fault suite run on it, over several seeds. The suite must find each: a guard whose loss
// nobody notices is not proved by it.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MUTATIONS, type Mutation } from './guards.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Exit code of a run that found something; others mean that it could not be done. */
const FOUND = 1

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    root: { type: 'string', default: ROOT },
  },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const chosen = MUTATIONS.filter(({ name }) => name.includes(values.only))
if (chosen.length === 0) {
  console.error(
    `no mutation is called like "${values.only}": ${MUTATIONS.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}

const summary: string[] = []
for (const mutation of chosen) {
  const caughtBy = await firstCatch(mutation)
  if (caughtBy === undefined) process.exitCode = 1
  summary.push(
    `${caughtBy === undefined ? '✗ not caught' : `✓ caught with seed ${caughtBy}`}: ${mutation.name}`,
  )
}
console.log(`\n${summary.join('\n')}`)

/** The first seed with which the suite fails on the mutated engine. */
async function firstCatch(mutation: Mutation): Promise<number | undefined> {
  console.log(`\n── ${mutation.name}\n   ${mutation.what}`)
  const tree = mutatedTree(mutation)
  try {
    const first = Number(values.seed)
    for (let seed = first; seed < first + Number(values.seeds); seed++) {
      const minutes = values.minutes ?? String(mutation.minutes)
      const { code, output } = await runSuite(tree, seed, minutes, mutation.only)
      if (code === FOUND) {
        console.log(`   seed ${seed}: found\n${output.slice(output.indexOf('✗'))}`)
        return seed
      }
      if (code !== 0) throw new Error(`the suite ended with ${code}:\n${output.slice(-3_000)}`)
      console.log(`   seed ${seed}: nothing found in ${minutes} minutes`)
    }
    return undefined
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

/** A copy of the engine without the guard. */
function mutatedTree({ name, edits }: Mutation): string {
  const tree = mkdtempSync(join(tmpdir(), 'pulseprint-mutation-'))
  for (const folder of ['src', 'actors', 'api', 'package.json']) {
    cpSync(join(values.root, folder), join(tree, folder), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  for (const { file, find, put } of edits) {
    const path = join(tree, file)
    const text = readFileSync(path, 'utf8')
    if (text.split(find).length !== 2) throw new Error(`${name}: ${file} does not hold once:\n${find}`)
    writeFileSync(
      path,
      text.replace(find, () => put),
    )
  }
  return tree
}

function runSuite(
  root: string,
  seed: number,
  minutes: string,
  only: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const args = ['--root', root, '--seed', String(seed), '--minutes', minutes, '--only', only.join(',')]
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  process.once('exit', () => child.kill('SIGTERM'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

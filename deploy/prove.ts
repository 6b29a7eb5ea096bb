// `npm test`: provisions what the tests need, then checks style, types and behaviour. Every step
// runs even where an earlier one failed, and the last lines say which did.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureServer, type ServerName } from './servers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const PROVISIONED: readonly ServerName[] = ['redis-server', 'nats-server', 'chromium', 'curl', 'openssl']

const STEPS: readonly { name: string; run: () => Promise<boolean> }[] = [
  ...PROVISIONED.map((name) => ({ name, run: () => provision(name) })),
  { name: 'style', run: () => tool('@biomejs/biome/bin/biome', 'check', '.') },
  { name: 'types', run: () => tool('typescript/bin/tsc', '--noEmit') },
  { name: 'tests', run: () => tool('vitest/vitest.mjs', 'run', ...process.argv.slice(2)) },
]

async function provision(name: ServerName): Promise<boolean> {
  try {
    console.log(await ensureServer(name))
    return true
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return false
  }
}

function tool(script: string, ...args: string[]): Promise<boolean> {
  const child = spawn(process.execPath, [`${root}node_modules/${script}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  return new Promise((resolve) => {
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })
}

const summary: string[] = []
for (const step of STEPS) {
  console.log(`\n── ${step.name}`)
  const started = Date.now()
  const passed = await step.run()
  if (!passed) process.exitCode = 1
  summary.push(
    `${passed ? '✓' : '✗'} ${step.name.padEnd(14)}${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s`,
  )
}
console.log(`\n${summary.join('\n')}\n${process.exitCode === 1 ? '✗ npm test failed' : '✓ npm test passed'}`)

// The README is run as it stands: its curl lines against a real engine, its definition through the compiler.
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { EventSource } from 'eventsource'
import { expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../../src/app/settings/settings.ts'
import { startServer } from '../../src/app/start-server.ts'
import { compileDefinition } from '../../src/definition/compile.ts'
import { temporaryFolder } from '../support/folders.ts'
import { pathWith } from '../support/tool-path.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

function blocks(language: string, text = readme): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    (match) => match[1] as string,
  )
}

/** Each curl command of a part of the README, and each of the command line. */
function commandsOf(text: string): string[] {
  const shell = blocks('sh', text).flatMap((block) => block.split(/^(?=curl |npx )/m))
  return shell.filter((command) => /^(curl|npx pulseprint tail) /.test(command))
}

const REWARDS = /^## For a reward service\n(.*?)^## /ms.exec(readme)?.[1] as string

async function startEngine(): Promise<string> {
  const settings = readSettings({ PULSEPRINT_DATA: join(temporaryFolder(), 'data'), PULSEPRINT_PORT: '0' })
  const server = await startServer(settings)
  onTestFinished(() => server.stop())
  return server.url
}

test('every curl line of the README works when pasted', async () => {
  const url = await startEngine()
  const commands = commandsOf(readme.replace(REWARDS, ''))
  expect(commands.length).toBeGreaterThanOrEqual(3)
  for (const command of commands) {
    const answer = JSON.parse(await run(command, url))
    expect(answer, command).not.toHaveProperty('code')
    if (answer.receipts) for (const { status } of answer.receipts) expect(status).toBe('accepted')
    else expect(answer).toMatchObject({ features: { purchases: 1 }, stage: { name: 'customer' } })
  }
})

test('the page for a reward service does what it says, command by command', async () => {
  const url = await startEngine()
  const [send, listen, explain, tail] = commandsOf(REWARDS) as [string, string, string, string]
  const [receipt] = JSON.parse(await run(send, url)).receipts
  expect(receipt).toMatchObject({ status: 'accepted', stage: { name: 'customer' }, features: { spend: 30 } })
  expect(receipt.decisions).toMatchObject([{ rule: 'first_purchase', payload: { points: 100 } }])
  const [again] = JSON.parse(await run(send, url)).receipts
  expect([again.status, again.decisions]).toEqual(['duplicate', undefined])
  const { id } = receipt.decisions[0]
  expect(await firstLine(listen, url, /^data: (.*)$/m)).toMatchObject({ id, rule: 'first_purchase' })
  expect(JSON.parse(await run(explain, url))).toMatchObject({
    kind: 'rule',
    fired: { times: 1 },
    heldBack: 'limit',
  })
  const shown = await firstLine(`${tail.trim()} --url ${url} --json`, url, /^(\{.*)$/m)
  expect(shown).toMatchObject({ id, payload: { points: 100 } })
})

test('the EventSource lines of the README hand each decision to the one who pays', async () => {
  const url = await startEngine()
  const [script] = blocks('ts', REWARDS) as [string]
  const paid: unknown[] = []
  const sources: EventSource[] = []
  class Source extends EventSource {
    constructor(address: string) {
      super(address)
      sources.push(this)
    }
  }
  const pay = (decision: unknown) => paid.push(decision)
  new Function('EventSource', 'pay', script.replace('http://127.0.0.1:8080', url))(Source, pay)
  onTestFinished(() => sources[0]?.close())
  await expect.poll(() => sources[0]?.readyState).toBe(EventSource.OPEN)
  await run(commandsOf(REWARDS)[0] as string, url)
  await expect.poll(() => paid).toMatchObject([{ userId: 'u-42', rule: 'first_purchase' }])
})

test('the definitions of the README compile', () => {
  const definitions = blocks('yaml')
  expect(definitions).toHaveLength(2)
  for (const definition of definitions) {
    expect(compileDefinition(definition)).not.toHaveProperty('problems')
  }
})

test('the README names every setting', () => {
  const source = readFileSync(new URL('../../src/app/settings/settings.ts', import.meta.url), 'utf8')
  const names = [...source.matchAll(/(?:text|integer)\('([A-Z_]+)'/g)].map(
    (match) => `PULSEPRINT_${match[1]}`,
  )
  expect(names.length).toBeGreaterThan(5)
  for (const name of names) expect(readme).toContain(name)
})

/** Runs a curl command against the engine, which runs in this process: the shell must not block it. */
async function run(command: string, url: string): Promise<string> {
  const pasted = command.trim().replaceAll('http://127.0.0.1:8080', url)
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-c', `${pasted} --silent --show-error --fail-with-body`],
    { env: { ...process.env, PATH: await pathWith('curl') } },
  )
  return stdout
}

/** Runs a command that goes on for ever until it has printed JSON that the pattern finds. */
async function firstLine(command: string, url: string, pattern: RegExp): Promise<unknown> {
  const pulseprint = fileURLToPath(new URL('../../src/cli/pulseprint.ts', import.meta.url))
  const pasted = command
    .replaceAll('http://127.0.0.1:8080', url)
    .replace('npx pulseprint', `${process.execPath} ${pulseprint}`)
  const child = spawn('bash', ['-c', `exec ${pasted}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PATH: await pathWith('curl') },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    const found = pattern.exec(output)
    if (found && output.endsWith('\n')) return JSON.parse(found[1] as string)
  }
  throw new Error(`${command} ended after: ${output}`)
}

// The README is run as it stands: its curl lines against a real engine, its definition through the compiler.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { compileDefinition } from '../../src/definition/compile.ts'
import { startServer } from '../../src/main.ts'
import { readSettings } from '../../src/settings.ts'
import { temporaryFolder } from '../support/folders.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    (match) => match[1] as string,
  )
}

test('every curl line of the README works when pasted', async () => {
  const settings = readSettings({ PULSEPRINT_DATA: join(temporaryFolder(), 'data'), PULSEPRINT_PORT: '0' })
  const server = await startServer(settings)
  onTestFinished(() => server.stop())
  const commands = blocks('sh')
    .flatMap((block) => block.split(/^(?=curl )/m))
    .filter((text) => text.startsWith('curl '))
  expect(commands.length).toBeGreaterThanOrEqual(3)
  for (const command of commands) {
    const pasted = command.replaceAll('http://127.0.0.1:8080', server.url)
    // The engine runs in this process: the shell must not block it.
    const answer = JSON.parse(await run(pasted))
    expect(answer, command).not.toHaveProperty('code')
    if (answer.receipts) for (const { status } of answer.receipts) expect(status).toBe('accepted')
    else expect(answer.features.purchases).toBe(1)
  }
})

test('the definition of the README compiles', () => {
  const [definition] = blocks('yaml')
  expect(compileDefinition(definition as string)).not.toHaveProperty('problems')
})

test('the README names every setting', () => {
  const source = readFileSync(new URL('../../src/settings.ts', import.meta.url), 'utf8')
  const names = [...source.matchAll(/(?:text|integer)\('([A-Z_]+)'/g)].map(
    (match) => `PULSEPRINT_${match[1]}`,
  )
  expect(names.length).toBeGreaterThan(5)
  for (const name of names) expect(readme).toContain(name)
})

async function run(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', [
    '-c',
    `${command.trim()} --silent --show-error --fail-with-body`,
  ])
  return stdout
}

// Who else on the machine can read what the engine keeps.
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'

test('nobody else can read the data, and a key file that others can read is warned of', async () => {
  const keys = join(temporaryFolder(), 'keys')
  writeFileSync(keys, 'shop a-key-of-some-length\n')
  chmodSync(keys, 0o644)
  const engine = await EngineProcess.startForTest(
    definitionFile('version: 1\nfeatures: { n: { aggregate: count } }\n'),
    { PULSEPRINT_KEYS: keys },
  )
  expect(engine.output).toContain('other users of this machine can read the file of API keys')
  const entries = readdirSync(engine.dataPath, { recursive: true, withFileTypes: true })
  expect(entries.length).toBeGreaterThan(6)
  const open = entries.filter((entry) => (statSync(join(entry.parentPath, entry.name)).mode & 0o077) !== 0)
  expect(open.map(({ name }) => name)).toEqual([])
  await engine.stop()
  chmodSync(keys, 0o600)
  const before = engine.output.length
  engine.restart()
  await engine.ready()
  expect(engine.output.slice(before)).not.toContain('API keys')
})

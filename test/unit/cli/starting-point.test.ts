import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Checkpoint, lockImport, saveCheckpoint } from '../../../src/cli/import/place/checkpoint.ts'
import { DOUBT_MS_MAX, startingPoint } from '../../../src/cli/import/place/starting-point.ts'
import { emptyTally } from '../../../src/cli/import/tally.ts'
import { temporaryFolder } from '../../support/folders.ts'
import { until } from '../../support/until.ts'

const NOW = Date.parse('2026-11-20T09:30:00Z')
const FACTS = {
  identity: 'sales',
  url: 'http://127.0.0.1:8080',
  inputBytes: 100,
  mappingHash: 'a',
  sorted: false,
}
const GO_ON = { restart: false, resumeAnyway: false }

function saved(changes: Partial<Checkpoint> = {}): string {
  const path = join(temporaryFolder(), 'sales.json')
  const savedAt = new Date(NOW).toISOString()
  const rest = {
    mark: 7,
    sentUpTo: 20,
    complete: false,
    rejectedBytes: 0,
    witness: null,
    tally: { ...emptyTally(), accepted: 7 },
    savedAt,
  }
  saveCheckpoint(path, { version: 1, ...FACTS, ...rest, ...changes })
  return path
}

describe('an import', () => {
  test('begins at the first row where it never began', () => {
    const start = startingPoint(join(temporaryFolder(), 'none.json'), FACTS, GO_ON, NOW)
    expect(start).toMatchObject({ mark: 0, sentUpTo: 0, complete: false, tally: emptyTally() })
  })

  test('goes on after the mark that was saved', () => {
    expect(startingPoint(saved(), FACTS, GO_ON, NOW)).toMatchObject({ mark: 7, sentUpTo: 20 })
  })

  test.each([
    ['another engine', { url: 'http://127.0.0.1:9090' }, 'went to http://127.0.0.1:8080 before'],
    ['a file of another size', { inputBytes: 101 }, 'had 100 bytes before and has 101 now'],
    ['another mapping', { mappingHash: 'b' }, 'mapping has changed'],
  ])('refuses %s, unless told to go on', (_, changes, reason) => {
    const facts = { ...FACTS, ...changes }
    const path = saved({ complete: true })
    expect(() => startingPoint(path, facts, GO_ON, NOW)).toThrow(reason)
    const anyway = startingPoint(path, facts, { ...GO_ON, resumeAnyway: true }, NOW)
    expect(anyway).toMatchObject({ mark: 7, ...changes })
    expect(startingPoint(path, facts, { ...GO_ON, restart: true }, NOW)).toMatchObject({ mark: 0 })
  })

  test('begins anew, even with another mapping, where the earlier run ended and left nothing in the engine', () => {
    const tally = { ...emptyTally(), rejected: { BAD_TIME: 7 } }
    const path = saved({ complete: true, sentUpTo: 7, tally })
    const facts = { ...FACTS, mappingHash: 'b' }
    expect(startingPoint(path, facts, GO_ON, NOW)).toMatchObject({ mark: 0, ...facts, tally: emptyTally() })
    const cutOff = saved({ tally })
    expect(() => startingPoint(cutOff, facts, GO_ON, NOW)).toThrow('mapping has changed')
  })

  test('never goes on in another order of rows', () => {
    const sorted = { ...FACTS, sorted: true }
    expect(() => startingPoint(saved(), sorted, { ...GO_ON, resumeAnyway: true }, NOW)).toThrow(
      'without --sort',
    )
    expect(() => startingPoint(saved(sorted), FACTS, { ...GO_ON, resumeAnyway: true }, NOW)).toThrow(
      '(--sort)',
    )
    expect(startingPoint(saved(), sorted, { ...GO_ON, restart: true }, NOW)).toMatchObject({ mark: 0 })
  })

  test('goes on from a checkpoint of an earlier version', () => {
    const path = saved()
    const { sorted: _, tally, ...old } = JSON.parse(readFileSync(path, 'utf8'))
    const { accepted, repeated, duplicate, skipped, rejected } = tally
    const oldTally = { accepted, repeated, duplicate, skipped, rejected }
    writeFileSync(path, JSON.stringify({ ...old, tally: oldTally }))
    const start = startingPoint(path, FACTS, GO_ON, NOW)
    expect(start).toMatchObject({ mark: 7, sorted: false, tally: { ...emptyTally(), accepted: 7 } })
  })

  test('refuses to send rows again whose ids the engine may have forgotten', () => {
    const later = NOW + DOUBT_MS_MAX + 1
    expect(() => startingPoint(saved(), FACTS, GO_ON, later)).toThrow('they could count twice')
    expect(startingPoint(saved({ sentUpTo: 7 }), FACTS, GO_ON, later)).toMatchObject({ mark: 7 })
  })

  test('says so where its checkpoint is no checkpoint', () => {
    const path = saved()
    writeFileSync(path, '{"version":1')
    expect(() => startingPoint(path, FACTS, GO_ON, NOW)).toThrow('--restart')
  })

  test('runs once at a time', () => {
    const path = join(temporaryFolder(), 'sales.lock')
    const unlock = lockImport(path)
    expect(() => lockImport(path)).toThrow('Another process already runs this import')
    unlock()
    lockImport(path)()
  })

  test('does not wait for a process that is dead, though its parent has not taken notice of it', async () => {
    const path = join(temporaryFolder(), 'sales.lock')
    const module = new URL('../../../src/cli/import/place/checkpoint.ts', import.meta.url).href
    const hold = `const { lockImport } = await import('${module}'); lockImport('${path}')
      console.log(process.pid); setInterval(() => {}, 1_000)`
    // The shell becomes a process that never waits for its children, so that a dead one stays.
    const script = `"${process.execPath}" --input-type=module -e "$HOLD" & exec sleep 600`
    const parent = spawn('sh', ['-c', script], { env: { ...process.env, HOLD: hold } })
    onTestFinished(() => void parent.kill())
    const [line] = await once(parent.stdout, 'data')
    expect(() => lockImport(path)).toThrow('Another process already runs this import')
    process.kill(Number(line), 'SIGKILL')
    await until(
      () => isZombie(Number(line)) && isFree(path),
      () => 'the lock stays',
    )
  })

  test('does not wait for a process of an earlier version, which left its number', () => {
    const path = join(temporaryFolder(), 'sales.lock')
    writeFileSync(path, String(process.ppid))
    lockImport(path)()
  })
})

function isFree(path: string): boolean {
  try {
    lockImport(path)()
    return true
  } catch {
    return false
  }
}

/** Dead, but still known to the system; where there is no /proc, the signal has to do. */
function isZombie(pid: number): boolean {
  if (!existsSync('/proc')) return true
  return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

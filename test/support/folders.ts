// Temporary folders for tests, removed when the test that asked for one ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new empty folder; call inside a test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pulseprint-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

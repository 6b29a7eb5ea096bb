// A definition written into a file of its own, gone when the running test ends.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './folders.ts'

/** Gives the path. Call inside a test. */
export function definitionFile(yaml: string): string {
  const path = join(temporaryFolder(), 'definition.yaml')
  writeFileSync(path, yaml)
  return path
}

// Reads the files that the settings name.
import { readFileSync } from 'node:fs'
import { compileDefinition, type Problem } from './definition/compile.ts'
import { DEFAULT_DEFINITION } from './definition/default.ts'
import type { Definition } from './definition/definition.ts'
import { type ApiKeys, readApiKeys } from './runtime/api-keys.ts'

/** A definition that was refused, with everything that is wrong with it. */
export class DefinitionError extends Error {
  readonly origin: string
  readonly problems: Problem[]

  constructor(origin: string, problems: Problem[]) {
    super(`${origin} has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
    this.origin = origin
    this.problems = problems
  }
}

/** Reads and compiles a definition; without a path, the built-in one. Errors: DefinitionError, or that of the file. */
export function loadDefinition(path: string | undefined): Definition {
  const compiled = compileDefinition(path === undefined ? DEFAULT_DEFINITION : readFileSync(path, 'utf8'))
  if ('problems' in compiled) throw new DefinitionError(path ?? 'the built-in definition', compiled.problems)
  return compiled.definition
}

/** Errors: INVALID_KEY_FILE, or that of the file. */
export function loadKeys(path: string | undefined): ApiKeys | undefined {
  return path === undefined ? undefined : readApiKeys(readFileSync(path, 'utf8'))
}

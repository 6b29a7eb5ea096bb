// Reads the files that the settings name.
import { readFileSync } from 'node:fs'
import { compileDefinition, type Problem } from '../../definition/compile.ts'
import { DEFAULT_DEFINITION } from '../../definition/default.ts'
import type { Definition } from '../../definition/definition.ts'
import { type ApiKeys, readApiKeys } from '../../runtime/api-keys.ts'

/** A definition that was refused, with all its mistakes. */
export class DefinitionError extends Error {
  readonly origin: string
  readonly problems: Problem[]

  constructor(origin: string, problems: Problem[]) {
    super(`${origin} has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
    this.origin = origin
    this.problems = problems
  }
}

/** The files as they were at the start, because every thread must read the same. */
export interface ConfigurationTexts {
  /** The name of the definition in messages. */
  definitionOrigin: string
  definition: string
  keys: { path: string; text: string } | undefined
}

/** Reads the files. Errors: those of the file system. */
export function readConfiguration(definitionPath?: string, keysPath?: string): ConfigurationTexts {
  return {
    definitionOrigin: definitionPath ?? 'the built-in definition',
    definition: definitionPath === undefined ? DEFAULT_DEFINITION : readFileSync(definitionPath, 'utf8'),
    keys: keysPath === undefined ? undefined : { path: keysPath, text: readFileSync(keysPath, 'utf8') },
  }
}

export interface Configuration {
  definition: Definition
  keys: ApiKeys | undefined
}

/** Errors: DefinitionError, INVALID_KEY_FILE. */
export function compileConfiguration({
  definitionOrigin,
  definition,
  keys,
}: ConfigurationTexts): Configuration {
  const compiled = compileDefinition(definition)
  if ('problems' in compiled) throw new DefinitionError(definitionOrigin, compiled.problems)
  return { definition: compiled.definition, keys: keys && readApiKeys(keys.text, keys.path) }
}

// Compiles the documents of these tests.
import { compileDefinition, type Problem } from '../../../src/definition/compile.ts'
import type { Definition } from '../../../src/definition/definition.ts'

export function compiled(text: string): Definition {
  const result = compileDefinition(text)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.definition
}

export function problemsOf(text: string): Problem[] {
  const result = compileDefinition(text)
  return 'problems' in result ? result.problems : []
}

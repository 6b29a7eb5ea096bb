// `pulseprint test DEFINITION`: runs the tests of a definition, and those in files beside it, without
// an engine.
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { compileDefinition, compileTests } from '../../definition/compile.ts'
import type { Definition } from '../../definition/definition.ts'
import type { Story } from '../../definition/story.ts'
import { runStory } from '../../stories/run-story.ts'
import { CliError, EXIT } from '../cli-error.ts'
import { printableLines } from '../printable.ts'
import { listProblems, readText } from './check.ts'

/** The stories of one file. */
interface TestFile {
  file: string
  stories: readonly Story[]
}

export function testCommand(): Command {
  return new Command('test')
    .description('Run the tests of a definition, without an engine.')
    .argument('<definition>', 'a YAML file')
    .argument('[tests...]', 'files of tests; default: NAME.tests.yaml beside NAME.yaml, if it exists')
    .addHelpText('after', '\nExample:\n  pulseprint test definition.yaml')
    .action((file: string, tests: string[]) => {
      const compiled = compileDefinition(readText(file))
      if ('problems' in compiled) throw new CliError(listProblems(file, compiled.problems))
      const { definition } = compiled
      const files = [{ file, stories: definition.tests }, ...besides(file, tests, definition)]
      report(definition, files)
    })
}

function besides(definitionFile: string, named: readonly string[], definition: Definition): TestFile[] {
  const beside = definitionFile.replace(/\.ya?ml$/, '.tests.yaml')
  const files = named.length > 0 ? named : [beside].filter((file) => existsSync(file))
  return files.map((file) => {
    const compiled = compileTests(readText(file), definition)
    if ('problems' in compiled) throw new CliError(listProblems(file, compiled.problems))
    return { file, stories: compiled.tests }
  })
}

/** Prints what went otherwise than expected. If anything did, the command fails. */
function report(definition: Definition, files: readonly TestFile[]): void {
  const lines: string[] = []
  let failed = 0
  for (const { file, stories } of files) {
    for (const story of stories) {
      const failures = runStory(definition, story)
      if (failures.length > 0) failed++
      for (const { line, column, differences } of failures) {
        lines.push(`${file}:${line}:${column} ${story.name}`, ...differences.map((text) => `    ${text}`))
      }
    }
  }
  const total = files.reduce((count, { stories }) => count + stories.length, 0)
  if (total === 0) throw new CliError('There are no tests: write them under `tests` in the definition.')
  lines.push(failed > 0 ? `${failed} of ${total} tests failed.` : `${total} passed.`)
  console.log(printableLines(lines.join('\n')))
  if (failed > 0) process.exitCode = EXIT.failed
}

// `pulseprint check DEFINITION`: every mistake of a definition, with its place and a hint, without
// an engine.
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { compileDefinition, type Problem } from '../../definition/compile.ts'
import type { Definition } from '../../definition/definition.ts'
import { CliError, fileError } from '../cli-error.ts'
import { printableLines } from '../printable.ts'
import { sentencesOf } from '../sentences.ts'

export function checkCommand(): Command {
  return new Command('check')
    .description('Check a definition and show every mistake with its line and column.')
    .argument('<definition>', 'a YAML file')
    .option('--explain', 'also say what it means, a sentence for each part')
    .addHelpText('after', '\nExample:\n  pulseprint check definition.yaml')
    .action((file: string, { explain }: { explain?: true }) => {
      const compiled = compileDefinition(readText(file))
      if ('problems' in compiled) throw new CliError(listProblems(file, compiled.problems))
      console.log(`${file} is right: ${partsOf(compiled.definition)}.`)
      if (explain) console.log(printableLines(sentencesOf(compiled.definition).join('\n')))
    })
}

/** What a definition holds: `10 features, 3 stages, 1 rule, 2 declared actions and any other`. */
export function partsOf({ featureByName, lifecycle, rules, actions, acceptsAny }: Definition): string {
  const parts = [count(featureByName.size, 'feature')]
  if (lifecycle) parts.push(count(lifecycle.stages.length, 'stage'))
  if (rules.length > 0) parts.push(count(rules.length, 'rule'))
  parts.push(count(actions.size, 'declared action') + (acceptsAny ? ' and any other' : ''))
  return parts.join(', ')
}

/**
 * One line per problem, as compilers write them, so that editors find the place; the hint below it.
 */
export function listProblems(file: string, problems: readonly Problem[]): string {
  const lines = problems.map(
    ({ line, column, message, hint }) => `${file}:${line}:${column} ${message}\n    ${hint}`,
  )
  return [...lines, count(problems.length, 'problem')].join('\n')
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fileError(file, error)
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

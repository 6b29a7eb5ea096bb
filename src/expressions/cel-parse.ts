// Parses and checks one CEL expression, whatever it is for. It reports each mistake with its place
// and a hint.
import type { ASTNode, Environment, ParseResult } from '@marcbachmann/cel-js'
import { type CelProblem, checkTree, OWN, type Scope } from './cel-check.ts'
import { EXPRESSION_LENGTH_MAX } from './cel-environment.ts'

/** What an expression is for: `where` and `when` are true or not, the others give a value. */
export type Purpose = 'where' | 'of' | 'when' | 'payload'

export interface Parsed {
  parsed: ParseResult
  /** The CEL type if it is known before evaluation: `bool`, `double`, `dyn` … */
  resultType: string
}

/**
 * @param scope what the expression sees; the environment may know more
 * @param check finds further mistakes in the tree; its order decides nothing
 */
export function parseCel(
  environment: Environment,
  source: string,
  purpose: Purpose,
  scope: Scope,
  check: (root: ASTNode) => CelProblem[] = () => [],
): Parsed | { problems: CelProblem[] } {
  if (source.length > EXPRESSION_LENGTH_MAX) return { problems: [TOO_LONG] }
  let parsed: ParseResult
  try {
    parsed = environment.parse(source)
  } catch (error) {
    return { problems: [toProblem(error)] }
  }
  const problems = [...checkTree(parsed.ast, scope), ...check(parsed.ast)]
  if (problems.length > 0) return { problems }
  const checked = parsed.check()
  const resultType = checked.type ?? 'dyn'
  const problem = checked.valid ? resultProblem(resultType, purpose) : toProblem(checked.error)
  return problem ? { problems: [problem] } : { parsed, resultType }
}

const TOO_LONG: CelProblem = {
  offset: 0,
  message: `The expression is longer than ${EXPRESSION_LENGTH_MAX} characters`,
  hint: 'Send what it computes as a property of the action.',
}

const UNFIT: Record<string, string> = {
  'google.protobuf.Duration': 'Ask for its seconds: `(occurredAt - …).getSeconds()`.',
  bytes: 'Make it text: `string(…)`.',
  type: 'Compare it: `type(properties.x) == string`.',
  null: 'Use a value that can be present.',
}

function resultProblem(type: string, purpose: Purpose): CelProblem | undefined {
  const condition = purpose === 'where' || purpose === 'when'
  if (condition && type !== 'bool' && type !== 'dyn') {
    const hint = `Compare something, for example \`${purpose === 'when' ? 'features.purchases >= 10' : 'properties.price > 10'}\`.`
    return { offset: 0, message: `\`${purpose}\` must be true or false, but this gives ${shown(type)}`, hint }
  }
  const hint = UNFIT[type]
  return hint === undefined
    ? undefined
    : {
        offset: 0,
        message: `${shown(type)} is not a value a ${purpose === 'payload' ? 'payload' : 'feature'} can take`,
        hint,
      }
}

/** A parse or type error of the library as a problem. */
function toProblem(error: unknown): CelProblem {
  const { summary, message, range, code } = error as {
    summary?: string
    message: string
    range?: { start: number }
    code?: string
  }
  const text = (summary ?? message).replaceAll(OWN, '').replaceAll('google.protobuf.', '')
  return { offset: range?.start ?? 0, message: `CEL: ${text}`, hint: hintFor(code, text) }
}

function hintFor(code: string | undefined, text: string): string {
  if (code === 'no_such_overload') return 'Convert one side: `string(…)`, `double(…)` or `int(…)`.'
  if (code === 'no_matching_overload')
    return 'There is no such function for these types; check its name and arguments.'
  if (text.startsWith('Ternary branches'))
    return 'Give both branches one type, for example `1.0` beside `2.5`.'
  if (text.includes('EOF')) return 'The expression ends too early; for example `properties.price * 2`.'
  return 'Expressions are CEL, for example `properties.price * properties.quantity`.'
}

export function shown(type: string): string {
  return type.replace('google.protobuf.', '').toLowerCase()
}

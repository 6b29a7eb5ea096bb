// Compiles CEL expressions over one action. Evaluation never throws: what has no value gives undefined.
import type { ASTNode, ParseResult, TypeCheckResult } from '@marcbachmann/cel-js'
import type { Action } from '../model/action.ts'
import { type CelProblem, checkTree, OWN } from './cel-check.ts'
import { CelContext, hasHostileKey } from './cel-context.ts'
import { createEnvironment, EXPRESSION_LENGTH_MAX } from './cel-environment.ts'
import { type Accessor, accessorOf, pathOf, requiredPaths } from './cel-path.ts'
import { toValue } from './cel-value.ts'
import type { Expression, Value } from './definition.ts'

/** What an expression is for: `where` is true or not, `of` gives a value. */
export type Role = 'where' | 'of'

export interface Compiled {
  expression: Expression
  /** The CEL type as far as it is known before evaluation: `bool`, `double`, `dyn` … */
  resultType: string
}

/** Compiles expressions and shares those of equal source. */
export class ExpressionCompiler {
  readonly #environment = createEnvironment()
  readonly #context = new CelContext()
  readonly #compiled = new Map<string, Compiled>()

  compile(source: string, role: Role): Compiled | { problems: CelProblem[] } {
    const key = `${role} ${source}`
    const known = this.#compiled.get(key)
    if (known) return known
    const made = this.#compile(source, role)
    if ('expression' in made) this.#compiled.set(key, made)
    return made
  }

  #compile(source: string, role: Role): Compiled | { problems: CelProblem[] } {
    if (source.length > EXPRESSION_LENGTH_MAX) return { problems: [TOO_LONG] }
    let parsed: ParseResult
    try {
      parsed = this.#environment.parse(source)
    } catch (error) {
      return { problems: [toProblem(error)] }
    }
    const problems = checkTree(parsed.ast)
    if (problems.length > 0) return { problems }
    const checked = parsed.check()
    const problem = checked.valid ? resultProblem(checked.type ?? 'dyn', role) : toProblem(checked.error)
    if (problem) return { problems: [problem] }
    return this.#expression(source, role, parsed, checked)
  }

  #expression(source: string, role: Role, parsed: ParseResult, checked: TypeCheckResult): Compiled {
    const resultType = checked.type ?? 'dyn'
    const type = resultType === TIMESTAMP ? 'timestamp' : 'any'
    const path = pathOf(parsed.ast)
    const compute = path ? accessorOf(path) : this.#evaluator(parsed, requiredOf(parsed.ast, role))
    return { expression: new MemoExpression(source, type, compute), resultType }
  }

  #evaluator(parsed: ParseResult, required: Accessor[]): Accessor {
    const context = this.#context
    return (action) => {
      for (const read of required) if (read(action) === undefined) return undefined
      try {
        return parsed(context.show(action))
      } catch {
        // A missing key or a wrong type, unless a key of the client's misled the library.
        return hasHostileKey(action.properties) ? retried(parsed, context, action) : undefined
      }
    }
  }
}

const TIMESTAMP = 'google.protobuf.Timestamp'

function requiredOf(ast: ASTNode, role: Role): Accessor[] {
  const paths = requiredPaths(ast, role === 'where').map((path) => JSON.stringify(path))
  return [...new Set(paths)].map((path) => accessorOf(JSON.parse(path)))
}

function retried(parsed: ParseResult, context: CelContext, action: Action): unknown {
  try {
    return parsed(context.showAsMaps(action))
  } catch {
    return undefined
  }
}

/** Several series read the same expression of the same action: the last answer is kept. */
class MemoExpression implements Expression {
  readonly source: string
  readonly type: 'any' | 'timestamp'
  readonly #compute: Accessor
  #action: Action | undefined
  #value: Value | undefined

  constructor(source: string, type: 'any' | 'timestamp', compute: Accessor) {
    this.source = source
    this.type = type
    this.#compute = compute
  }

  evaluate(action: Action): Value | undefined {
    if (action === this.#action) return this.#value
    this.#value = toValue(this.#compute(action))
    this.#action = action
    return this.#value
  }
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

function resultProblem(type: string, role: Role): CelProblem | undefined {
  if (role === 'where' && type !== 'bool' && type !== 'dyn') {
    const hint = 'Compare something, for example `properties.price > 10`.'
    return { offset: 0, message: `\`where\` must be true or false, but this gives ${shown(type)}`, hint }
  }
  const hint = UNFIT[type]
  return hint === undefined
    ? undefined
    : { offset: 0, message: `${shown(type)} is not a value a feature can take`, hint }
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

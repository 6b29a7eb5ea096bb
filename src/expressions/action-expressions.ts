// Compiles CEL expressions over one action. Evaluation never throws; if there is no value, it gives
// undefined.
import type { ASTNode, ParseResult } from '@marcbachmann/cel-js'
import type { Action } from '../model/action.ts'
import type { Expression, Value } from '../model/value.ts'
import type { CelProblem } from './cel-check.ts'
import { CelContext, hasHostileKey, VARIABLES } from './cel-context.ts'
import { createEnvironment } from './cel-environment.ts'
import { type Parsed, parseCel } from './cel-parse.ts'
import { type Accessor, accessorOf, accessorsOf, pathOf, requiredPaths } from './cel-path.ts'
import { toValue } from './cel-value.ts'
import { plainOf, UNSURE } from './plain.ts'

/** What an expression over one action is for: `where` is true or not, `of` gives a value. */
export type Role = 'where' | 'of'

export interface Compiled {
  expression: Expression
  /** The CEL type if it is known before evaluation: `bool`, `double`, `dyn` … */
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
    const made = parseCel(this.#environment, source, role, { variables: VARIABLES })
    return 'problems' in made ? made : this.#expression(source, role, made)
  }

  #expression(source: string, role: Role, { parsed, resultType }: Parsed): Compiled {
    const type = resultType === TIMESTAMP ? 'timestamp' : 'any'
    const path = pathOf(parsed.ast)
    const compute = path
      ? accessorOf(path)
      : this.#evaluator(parsed, accessorsOf(requiredPaths(parsed.ast, role === 'where')))
    return { expression: new MemoExpression(source, type, compute), resultType }
  }

  #evaluator(parsed: ParseResult, required: Accessor[]): Accessor {
    const context = this.#context
    const plain = plainOf(parsed.ast, plainLeaf)
    return (action) => {
      const value = plain ? plain(action) : UNSURE
      if (value !== UNSURE) return value
      for (const read of required) if (read(action) === undefined) return undefined
      try {
        return parsed(context.show(action))
      } catch {
        // The cause is a missing key or a wrong type, unless a client's key misled the library.
        return hasHostileKey(action.properties) ? retried(parsed, context, action) : undefined
      }
    }
  }
}

function plainLeaf(node: ASTNode): Accessor | undefined {
  const path = pathOf(node)
  return path && path[0] !== 'occurredAt' ? accessorOf(path) : undefined
}

const TIMESTAMP = 'google.protobuf.Timestamp'

function retried(parsed: ParseResult, context: CelContext, action: Action): unknown {
  try {
    return parsed(context.showAsMaps(action))
  } catch {
    return undefined
  }
}

/** Several series read the same expression of the same action, so the last answer is kept. */
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

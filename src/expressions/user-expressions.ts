// Compiles `when` and the texts of payloads: CEL over a user at one instant. Evaluation never
// throws.
import type { ParseResult } from '@marcbachmann/cel-js'
import type { Condition, EvaluationContext } from '../model/evaluation-context.ts'
import type { Value } from '../model/value.ts'
import type { CelProblem } from './cel-check.ts'
import { createEnvironment } from './cel-environment.ts'
import { parseCel } from './cel-parse.ts'
import { type Accessor, accessorsOf, requiredPaths } from './cel-path.ts'
import { toShown } from './cel-value.ts'
import { type Occasion, SCOPES } from './occasions.ts'
import { checkUser, type Known, type Reads } from './user-check.ts'
import { isHostile, type KnownFeature, UserContext } from './user-context.ts'
import { requiredFeatures } from './user-required.ts'

export type Evaluate = (situation: EvaluationContext) => Value
type Outcome = { problems: CelProblem[] }

export class ConditionCompiler {
  readonly #environment = createEnvironment()
    .registerVariable('features', 'map')
    .registerVariable('stage', 'string')
    .registerVariable('profile', 'map')
  readonly #known: Known
  readonly #context: UserContext

  constructor(features: readonly KnownFeature[], stages: readonly string[] | undefined) {
    this.#known = { features: features.map(({ name }) => name), stages }
    this.#context = new UserContext(features)
  }

  condition(source: string, occasion: Occasion): Condition | Outcome {
    const made = this.#compile(source, occasion, 'when')
    if ('problems' in made) return made
    const { run, features, readsStage } = made
    // What compiles where no action is at hand reads none.
    const readsAction = occasion === 'action' && 'problems' in this.#compile(source, 'stage', 'when')
    return { source, holds: (situation) => run(situation) === true, features, readsStage, readsAction }
  }

  /** Instants become ISO 8601; what has no value becomes null. */
  value(source: string, occasion: Occasion): { evaluate: Evaluate } | Outcome {
    const made = this.#compile(source, occasion, 'payload')
    if ('problems' in made) return made
    const { run } = made
    return { evaluate: (situation) => toShown(run(situation)) ?? null }
  }

  #compile(source: string, occasion: Occasion, purpose: 'when' | 'payload') {
    const reads: Reads = { features: new Set(), stage: false }
    const made = parseCel(this.#environment, source, purpose, SCOPES[occasion], (root) =>
      checkUser(root, this.#known, reads),
    )
    if ('problems' in made) return made
    const { ast } = made.parsed
    const places = (names: Iterable<string>) =>
      [...new Set(names)].map((name) => this.#known.features.indexOf(name))
    const features = places(reads.features)
    const needs: Needs = {
      paths: accessorsOf(requiredPaths(ast, purpose === 'when')),
      features: places(requiredFeatures(ast, purpose === 'when')),
    }
    return { run: this.#evaluator(made.parsed, features, needs), features, readsStage: reads.stage }
  }

  #evaluator(
    parsed: ParseResult,
    features: readonly number[],
    needs: Needs,
  ): (situation: EvaluationContext) => unknown {
    const context = this.#context
    return (situation) => {
      context.showUser(situation, false)
      if (lacks(needs, situation, context)) return undefined
      try {
        return parsed(context)
      } catch {
        // The cause is a missing value or a wrong type, unless a client's key misled the library.
        return isHostile(situation, features) ? retried(parsed, context, situation) : undefined
      }
    }
  }
}

/** What the expression needs to have a value. */
interface Needs {
  /** Of the action at hand. */
  paths: readonly Accessor[]
  features: readonly number[]
}

function lacks({ paths, features }: Needs, { action }: EvaluationContext, context: UserContext): boolean {
  for (const index of features) if (context.value(index) === null) return true
  if (action) for (const read of paths) if (read(action) === undefined) return true
  return false
}

function retried(parsed: ParseResult, context: UserContext, situation: EvaluationContext): unknown {
  try {
    return parsed(context.showUser(situation, true))
  } catch {
    return undefined
  }
}

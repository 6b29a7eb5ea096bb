// Compiles `when` and the texts of payloads: CEL over a user at one instant. Evaluation never throws.
import type { ParseResult } from '@marcbachmann/cel-js'
import type { Condition, Situation } from '../rules/situation.ts'
import type { CelProblem } from './cel-check.ts'
import { createEnvironment } from './cel-environment.ts'
import { parseCel } from './cel-parse.ts'
import { type Accessor, accessorsOf, requiredPaths } from './cel-path.ts'
import { toShown } from './cel-value.ts'
import type { Value } from './definition.ts'
import { checkSituation, type Known, type Reads } from './situation-check.ts'
import { isHostile, type KnownFeature, SituationContext } from './situation-context.ts'
import { requiredFeatures } from './situation-required.ts'
import { type Occasion, SCOPES } from './situation-scope.ts'

export type Evaluate = (situation: Situation) => Value
type Outcome = { problems: CelProblem[] }

export class SituationCompiler {
  readonly #environment = createEnvironment()
    .registerVariable('features', 'map')
    .registerVariable('stage', 'string')
    .registerVariable('profile', 'map')
  readonly #known: Known
  readonly #context: SituationContext

  constructor(features: readonly KnownFeature[], stages: readonly string[] | undefined) {
    this.#known = { features: features.map(({ name }) => name), stages }
    this.#context = new SituationContext(features)
  }

  condition(source: string, occasion: Occasion): Condition | Outcome {
    const made = this.#compile(source, occasion, 'when')
    if ('problems' in made) return made
    const { run, features, readsStage } = made
    return { source, holds: (situation) => run(situation) === true, features, readsStage }
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
      checkSituation(root, this.#known, reads),
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
  ): (situation: Situation) => unknown {
    const context = this.#context
    return (situation) => {
      context.showSituation(situation, false)
      if (lacks(needs, situation, context)) return undefined
      try {
        return parsed(context)
      } catch {
        // A missing value or a wrong type, unless a key of the client's misled the library.
        return isHostile(situation, features) ? retried(parsed, context, situation) : undefined
      }
    }
  }
}

/** What an expression has no value without. */
interface Needs {
  /** Of the action at hand. */
  paths: readonly Accessor[]
  features: readonly number[]
}

function lacks({ paths, features }: Needs, { action }: Situation, context: SituationContext): boolean {
  for (const index of features) if (context.value(index) === null) return true
  if (action) for (const read of paths) if (read(action) === undefined) return true
  return false
}

function retried(parsed: ParseResult, context: SituationContext, situation: Situation): unknown {
  try {
    return parsed(context.showSituation(situation, true))
  } catch {
    return undefined
  }
}

// Compiles `when` and the texts of payloads: CEL over a user at one instant. Evaluation never
// throws.
import type { ASTNode, ParseResult } from '@marcbachmann/cel-js'
import type { Condition, EvaluationContext } from '../../model/evaluation-context.ts'
import type { Value } from '../../model/value.ts'
import type { CelProblem } from '../cel-check.ts'
import { createEnvironment } from '../cel-environment.ts'
import { parseCel } from '../cel-parse.ts'
import { type Accessor, accessorOf, accessorsOf, pathOf, requiredPaths } from '../cel-path.ts'
import { toShown } from '../cel-value.ts'
import { type Occasion, SCOPES } from '../occasions.ts'
import { type Plain, plainOf, UNSURE } from '../plain.ts'
import { checkUser, type Known, type Reads } from './user-check.ts'
import { isHostile, type KnownFeature, UserContext } from './user-context.ts'
import { featureOf, requiredFeatures } from './user-required.ts'

export type Evaluate = (situation: EvaluationContext) => Value
type Outcome = { problems: CelProblem[] }

export class ConditionCompiler {
  readonly #environment = createEnvironment()
    .registerVariable('features', 'map')
    .registerVariable('stage', 'string')
    .registerVariable('profile', 'map')
  readonly #known: Known
  readonly #context: UserContext
  readonly #plainLeaf: (node: ASTNode) => Plain<EvaluationContext> | undefined

  constructor(features: readonly KnownFeature[], stages: readonly string[] | undefined) {
    this.#known = { features: features.map(({ name }) => name), stages }
    this.#context = new UserContext(features)
    this.#plainLeaf = (node) => plainFeature(node, features) ?? plainStage(node) ?? plainPath(node)
  }

  /** Without what is read by way of derived features. */
  condition(source: string, occasion: Occasion): Omit<Condition, 'derived'> | Outcome {
    const made = this.#compile(source, occasion, 'when')
    if ('problems' in made) return made
    const { run, features, readsStage } = made
    // What compiles where no action is at hand reads none.
    const readsAction = occasion === 'action' && 'problems' in this.#compile(source, 'stage', 'when')
    return { source, holds: (situation) => run(situation) === true, features, readsStage, readsAction }
  }

  /**
   * Instants become ISO 8601; what has no value becomes null.
   * @returns also the places of the features that it reads
   */
  value(source: string, occasion: Occasion): { evaluate: Evaluate; features: number[] } | Outcome {
    const made = this.#compile(source, occasion, 'payload')
    if ('problems' in made) return made
    const { run, features } = made
    return { evaluate: (situation) => toShown(run(situation)) ?? null, features }
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
    const plain = plainOf(parsed.ast, this.#plainLeaf)
    return (situation) => {
      const value = plain ? plain(situation) : UNSURE
      if (value !== UNSURE) return value
      context.showUser(situation, false)
      if (lacks(needs, situation)) return undefined
      try {
        return parsed(context)
      } catch {
        // The cause is a missing value or a wrong type, unless a client's key misled the library.
        return isHostile(situation, features) ? retried(parsed, context, situation) : undefined
      }
    }
  }
}

function plainFeature(
  node: ASTNode,
  features: readonly KnownFeature[],
): Plain<EvaluationContext> | undefined {
  const name = featureOf(node)
  const index = features.findIndex((feature) => feature.name === name)
  return features[index]?.type === 'any' ? (situation) => situation.feature(index) : undefined
}

function plainStage({ op, args }: ASTNode): Plain<EvaluationContext> | undefined {
  return op === 'id' && args === 'stage' ? ({ stage }) => stage : undefined
}

function plainPath(node: ASTNode): Plain<EvaluationContext> | undefined {
  const path = pathOf(node)
  // The user is the situation's, also without an action.
  if (!path || path[0] === 'userId' || path[0] === 'occurredAt') return undefined
  const read = accessorOf(path)
  return ({ action }) => action && read(action)
}

/** What the expression needs to have a value. */
interface Needs {
  /** Of the action at hand. */
  paths: readonly Accessor[]
  features: readonly number[]
}

function lacks({ paths, features }: Needs, situation: EvaluationContext): boolean {
  for (const index of features) if (situation.feature(index) === null) return true
  const { action } = situation
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

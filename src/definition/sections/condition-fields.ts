// Reads the fields of a document that are CEL over a user: `when`, and the texts of payloads.

import { isScalar, type Scalar } from 'yaml'
import {
  type CelProblem,
  ConditionCompiler,
  type DeclaredProperties,
  type Evaluate,
  type KnownFeature,
  type Occasion,
} from '../../expressions/expressions.ts'
import type { Condition } from '../../model/evaluation-context.ts'
import type { Window } from '../../model/window.ts'
import type { DerivedFeature } from '../definition.ts'
import type { Field, Fields } from '../document/fields.ts'
import { tooManyTiles } from '../watched-windows.ts'
import { misused, placeIn } from './expression-fields.ts'

const EXAMPLE = 'Write a CEL expression: `when: features.purchases >= 10`.'
const QUOTE = 'Text in a payload is CEL; for the text itself write quotes in quotes: `"\'gold\'"`.'

/** Without a window if the window is wrong. */
export type WindowedFeature = KnownFeature & { window?: Window | undefined }

export class Conditions {
  readonly #compiler: ConditionCompiler
  readonly #features: readonly WindowedFeature[]
  readonly #derived: readonly DerivedFeature[]
  readonly #fields: Fields
  readonly #text: string

  /** @param stages undefined if the document has no lifecycle */
  constructor(
    fields: Fields,
    text: string,
    features: readonly WindowedFeature[],
    derived: readonly DerivedFeature[],
    stages: readonly string[] | undefined,
  ) {
    this.#compiler = new ConditionCompiler(features, stages)
    this.#features = features
    this.#derived = derived
    this.#fields = fields
    this.#text = text
  }

  /**
   * Undefined if the field is absent or wrong; what is wrong is reported.
   * @param properties those of the action at hand, if they are known
   */
  when(field: Field | undefined, occasion: Occasion, properties?: DeclaredProperties): Condition | undefined {
    if (!field) return undefined
    const constant = isScalar(field.value) && typeof field.value.value === 'boolean'
    const hint = constant ? 'Leave `when` out where it always holds.' : EXAMPLE
    const scalar = this.#fields.text(field, hint)
    if (!scalar) return undefined
    const source = scalar.value.trim()
    const compiled = this.#compiler.condition(source, occasion)
    if ('problems' in compiled) return this.#report(scalar, field, compiled.problems)
    const found = misused(source, properties)
    if (found.length > 0) return this.#report(scalar, field, found)
    const condition = { ...compiled, ...this.#madeOf(compiled.features) }
    const unfit = occasion === 'state' ? this.#unwatchable(condition) : []
    return unfit.length > 0 ? this.#report(scalar, field, unfit) : condition
  }

  /** What is read in the end, where derived features are read. */
  #madeOf(reads: readonly number[]): Pick<Condition, 'features' | 'derived'> {
    const counted = this.#features.length - this.#derived.length
    const named = reads.filter((index) => index >= counted).map((index) => index - counted)
    const made = named.map((place) => this.#derived[place]!)
    const features = [...reads.filter((index) => index < counted), ...made.flatMap((one) => one.features)]
    const derived = [...named, ...made.flatMap((one) => one.derived)]
    return { features: [...new Set(features)], derived: [...new Set(derived)] }
  }

  #unwatchable({ features }: Condition): CelProblem[] {
    return features.flatMap((index) => {
      const { name, window } = this.#features[index]!
      const problem = tooManyTiles(name, window)
      return problem ? [{ offset: 0, ...problem }] : []
    })
  }

  /** A text of a payload; undefined, and reported, if it is wrong. */
  payload(
    scalar: Scalar<string>,
    field: Field,
    occasion: Occasion,
    properties?: DeclaredProperties,
  ): Evaluate | undefined {
    const source = scalar.value.trim()
    const compiled = this.#compiler.value(source, occasion)
    if (!('problems' in compiled)) {
      const found = misused(source, properties)
      return found.length > 0 ? this.#report(scalar, field, found) : compiled.evaluate
    }
    const problems = compiled.problems.map((problem) => ({ ...problem, hint: `${problem.hint} ${QUOTE}` }))
    return this.#report(scalar, field, problems)
  }

  #report(scalar: Scalar<string>, field: Field, problems: readonly CelProblem[]): undefined {
    for (const { offset, message, hint } of problems) {
      this.#fields.problems.add(placeIn(this.#text, scalar, offset), field.path, message, hint)
    }
  }
}

// Reads the CEL fields of a document, and maps places inside an expression to places in the
// document.

import type { Scalar } from 'yaml'
import {
  type CelProblem,
  type Compiled,
  type DeclaredProperties,
  ExpressionCompiler,
  misusedProperties,
  type Role,
} from '../../expressions/expressions.ts'
import type { Field, Fields } from '../document/fields.ts'

export class Expressions {
  readonly #compiler = new ExpressionCompiler()
  readonly #fields: Fields
  readonly #text: string

  constructor(fields: Fields, text: string) {
    this.#fields = fields
    this.#text = text
  }

  /**
   * Undefined if the field is absent or wrong; what is wrong is reported.
   * @param properties those of the actions that it is about, if they are known
   */
  read(
    field: Field | undefined,
    role: Role,
    properties: DeclaredProperties | undefined,
  ): Compiled | undefined {
    if (!field) return undefined
    const example = role === 'where' ? '`where: properties.price > 10`' : '`of: properties.price`'
    const scalar = this.#fields.text(field, `Write a CEL expression: ${example}.`)
    if (!scalar) return undefined
    const source = scalar.value.trim()
    const compiled = this.#compiler.compile(source, role)
    const found = 'problems' in compiled ? compiled.problems : misused(source, properties)
    if (!('problems' in compiled) && found.length === 0) return compiled
    for (const { offset, message, hint } of found) {
      this.#fields.problems.add(placeIn(this.#text, scalar, offset), field.path, message, hint)
    }
    return undefined
  }
}

/** Nothing, if the properties are not known. */
export function misused(source: string, properties: DeclaredProperties | undefined): CelProblem[] {
  return properties ? misusedProperties(source, properties) : []
}

/**
 * Exact if the document shows the expression as it is. Otherwise (escapes, several lines), its
 * start.
 */
export function placeIn(text: string, scalar: Scalar<string>, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0]
  const shown = text.slice(start, end)
  const at = shown.indexOf(scalar.value.trim())
  return at < 0 ? start : start + at + offset
}

// The stages of a lifecycle: every name in it is one, in the order in which they appear.
import type { Scalar } from 'yaml'
import type { Field, Fields } from '../document/fields.ts'
import { checkIdentifier } from '../document/names.ts'
import type { Place } from '../document/problems.ts'

const ONE = 'Name a stage, for example `dormant`.'
const SEVERAL = 'Name a stage, a list of stages, or `"*"` for any.'

export class Stages {
  readonly names: string[] = []
  /** Where each is named first. */
  readonly places: { place: Place; path: string }[] = []
  readonly #fields: Fields

  constructor(fields: Fields) {
    this.#fields = fields
  }

  /** Place of the stage that the field names; undefined, and reported, if it names none. */
  one(field: Field): number | undefined {
    const text = this.#fields.text(field, ONE)
    return text && this.#add(text, field.path)
  }

  /**
   * Places of the stages that the field names, 'any' for `"*"`; undefined, and reported, if it is
   * wrong.
   */
  several(field: Field): number[] | 'any' | undefined {
    const texts = this.#fields.texts(field, SEVERAL)
    if (!texts) return undefined
    if (texts.some((text) => text.value === '*')) return 'any'
    const places = texts.map((text) => this.#add(text, field.path))
    return places.includes(undefined) ? undefined : (places as number[])
  }

  #add(text: Scalar<string>, path: string): number | undefined {
    const name = text.value
    if (!checkIdentifier({ name, key: text, path }, 'stage', this.#fields.problems)) return undefined
    const known = this.names.indexOf(name)
    if (known >= 0) return known
    this.places.push({ place: text, path })
    return this.names.push(name) - 1
  }
}

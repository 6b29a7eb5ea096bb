// Reads typed fields out of the YAML tree. It reports a wrong field and gives undefined, so that
// the section goes on and finds every mistake at once.
import { type Document, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml'
import { durationMs } from '../../model/duration.ts'
import { suggest } from '../../model/suggest.ts'
import { BOUNDS } from '../bounds.ts'
import { resolved } from './document.ts'
import type { Place, Problems } from './problems.ts'

export interface Field {
  name: string
  path: string
  key: Place
  /** Undefined if nothing follows the key. */
  value: Node | undefined
}

export class Fields {
  readonly #document: Document
  readonly problems: Problems

  constructor(document: Document, problems: Problems) {
    this.#document = document
    this.problems = problems
  }

  /**
   * The entries of a map by name. Reports keys that are not in `allowed`, if that is given.
   * Undefined, and reported, if the node is no map.
   */
  map(
    node: Node | undefined,
    path: string,
    place: Place,
    allowed?: readonly string[],
  ): Map<string, Field> | undefined {
    if (!isMap(node)) {
      const hint = allowed
        ? `It takes ${allowed.join(', ')}.`
        : 'Write names and values, one per line, or `{}`.'
      this.problems.add(node ?? place, path, `${named(path)} must be a map`, hint)
      return undefined
    }
    const fields = new Map<string, Field>()
    for (const { key, value } of node.items) {
      const name = String(isScalar(key) ? key.value : key)
      const fieldPath = path === '' ? name : `${path}.${name}`
      const field = { name, path: fieldPath, key: key as Node, value: this.#present(value) }
      if (allowed && !allowed.includes(name)) {
        this.problems.add(field.key, fieldPath, `Unknown key: ${name}`, suggest(name, allowed))
      } else if (!fields.has(name)) {
        fields.set(name, field)
      }
    }
    return fields
  }

  #present(value: unknown): Node | undefined {
    const node = resolved(this.#document, value)
    return node && !(isScalar(node) && node.value === null) ? node : undefined
  }

  /** The scalar of a field that must be text. */
  text(field: Field, example: string): Scalar<string> | undefined {
    if (isScalar(field.value) && typeof field.value.value === 'string' && field.value.value !== '') {
      return field.value as Scalar<string>
    }
    this.problems.add(field.value ?? field.key, field.path, `${named(field.path)} must be text`, example)
    return undefined
  }

  /** One text or a list of texts. */
  texts(field: Field, example: string): Scalar<string>[] | undefined {
    if (!isSeq(field.value)) {
      const single = this.text(field, example)
      return single && [single]
    }
    const items = field.value.items.map((item, index) => {
      const value = this.#present(item)
      return this.text({ ...field, path: `${field.path}.${index}`, key: item as Node, value }, example)
    })
    if (items.length === 0)
      this.problems.add(field.value, field.path, `${named(field.path)} is empty`, example)
    return items.length > 0 && items.every((item) => item !== undefined) ? items : undefined
  }

  /**
   * A scalar, or a list of scalars, as it was written; null for anything else, which no field
   * takes.
   */
  plain(node: Node | undefined): unknown {
    if (isSeq(node)) return node.items.map((item) => scalarOf(this.#present(item)))
    return scalarOf(node)
  }

  /**
   * Any node as JSON. Use it only for nodes read without a problem: an alias could lead back to its
   * own node.
   */
  tree(node: Node | undefined): unknown {
    if (isSeq(node)) return node.items.map((item) => this.tree(this.#present(item)))
    if (!isMap(node)) return scalarOf(node)
    return Object.fromEntries(
      node.items.map(({ key, value }) => [scalarOf(key as Node), this.tree(this.#present(value))]),
    )
  }

  /**
   * Any node as JSON. Reports a value of too many parts, because an alias could lead back to its own
   * node, and makes null of it.
   */
  json(field: Field): unknown {
    let left: number = BOUNDS.valuePartsMax
    const convert = (node: Node | undefined, depth: number): unknown => {
      if (--left < 0 || depth > BOUNDS.payloadDepthMax) {
        left = -1
        return null
      }
      if (isSeq(node)) return node.items.map((item) => convert(this.#present(item), depth + 1))
      if (!isMap(node)) return scalarOf(node)
      return Object.fromEntries(
        node.items.map(({ key, value }) => [scalarOf(key as Node), convert(this.#present(value), depth + 1)]),
      )
    }
    const value = convert(field.value, 0)
    if (left >= 0) return value
    const { valuePartsMax, payloadDepthMax } = BOUNDS
    const hint = `At most ${valuePartsMax} parts, nested ${payloadDepthMax} deep, are allowed.`
    this.problems.add(field.value ?? field.key, field.path, `${named(field.path)} is too large`, hint)
    return null
  }

  /** The items of a list, named by their place. Undefined, and reported, if the node is no list. */
  list(field: Field, example: string): Field[] | undefined {
    if (!isSeq(field.value)) {
      this.problems.add(field.value ?? field.key, field.path, `${named(field.path)} must be a list`, example)
      return undefined
    }
    return field.value.items.map((item, index) => {
      const name = String(index)
      return { name, path: `${field.path}.${name}`, key: item as Node, value: this.#present(item) }
    })
  }

  /** Milliseconds of a duration, or the default if the field is absent or wrong. */
  duration(field: Field | undefined, defaultMs: number): number {
    if (!field) return defaultMs
    const example = 'Write a whole number and a unit: `90s`, `15m`, `24h`, `30d`.'
    const text = this.text(field, example)
    if (!text) return defaultMs
    const ms = durationMs(text.value)
    if (ms === undefined || ms === 0) {
      this.problems.add(text, field.path, `Not a duration: ${text.value}`, example)
      return defaultMs
    }
    return ms
  }
}

function scalarOf(node: Node | undefined): unknown {
  return isScalar(node) ? node.value : null
}

/** The last name of a path, as messages show it. */
export function named(path: string): string {
  return path === '' ? 'The definition' : `\`${path.slice(path.lastIndexOf('.') + 1)}\``
}

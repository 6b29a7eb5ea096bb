// From what an expression computes to what a feature takes: JSON values only, and nothing where there is none.
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import type { Value } from './definition.ts'

/**
 * Numbers of any kind become doubles, timestamps epoch milliseconds, maps plain objects. Undefined (no value)
 * for null, NaN, infinities and what JSON does not have.
 */
export function toValue(result: unknown): Value | undefined {
  switch (typeof result) {
    case 'string':
    case 'boolean':
      return result
    case 'number':
      return Number.isFinite(result) ? result : undefined
    case 'bigint':
      return Number(result)
    case 'object':
      return result === null ? undefined : toComposite(result)
    default:
      return undefined
  }
}

function toComposite(result: object): Value | undefined {
  if (Array.isArray(result)) {
    const items = result.map((item) => (item === null ? null : toValue(item)))
    return items.includes(undefined) ? undefined : (items as Value[])
  }
  if (result instanceof Date) return toValue(result.getTime())
  if (result instanceof UnsignedInt) return Number(result.valueOf())
  if (result instanceof Map) return toMap([...result])
  const prototype = Object.getPrototypeOf(result)
  return prototype === Object.prototype || prototype === null ? toMap(Object.entries(result)) : undefined
}

function toMap(entries: [unknown, unknown][]): Value | undefined {
  const items = entries.map(([key, item]) => [String(key), item === null ? null : toValue(item)] as const)
  if (items.some(([, item]) => item === undefined)) return undefined
  // fromEntries defines properties of the object's own, also one named `__proto__`.
  return Object.fromEntries(items) as { [key: string]: Value }
}

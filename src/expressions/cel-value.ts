// Converts the result of an expression to a value that a feature takes: JSON values only, or
// nothing.
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import type { Value } from '../model/value.ts'

/**
 * Numbers of any kind become doubles, timestamps epoch milliseconds, maps plain objects. Undefined
 * (no value) for null, NaN, infinities and everything that JSON does not have.
 */
export function toValue(result: unknown): Value | undefined {
  return convert(result, (at) => toValue(at.getTime()))
}

/** Like `toValue`, but timestamps become ISO 8601 for people to read. */
export function toShown(result: unknown): Value | undefined {
  return convert(result, (at) => (Number.isNaN(at.getTime()) ? undefined : at.toISOString()))
}

type ConvertDate = (at: Date) => Value | undefined

function convert(result: unknown, date: ConvertDate): Value | undefined {
  switch (typeof result) {
    case 'string':
    case 'boolean':
      return result
    case 'number':
      return Number.isFinite(result) ? result : undefined
    case 'bigint':
      return Number(result)
    case 'object':
      return result === null ? undefined : toComposite(result, date)
    default:
      return undefined
  }
}

function toComposite(result: object, date: ConvertDate): Value | undefined {
  if (Array.isArray(result)) {
    const items = result.map((item) => (item === null ? null : convert(item, date)))
    return items.includes(undefined) ? undefined : (items as Value[])
  }
  if (result instanceof Date) return date(result)
  if (result instanceof UnsignedInt) return Number(result.valueOf())
  if (result instanceof Map) return toMap([...result], date)
  const prototype = Object.getPrototypeOf(result)
  return prototype === Object.prototype || prototype === null
    ? toMap(Object.entries(result), date)
    : undefined
}

function toMap(entries: [unknown, unknown][], date: ConvertDate): Value | undefined {
  const items = entries.map(
    ([key, item]) => [String(key), item === null ? null : convert(item, date)] as const,
  )
  if (items.some(([, item]) => item === undefined)) return undefined
  // fromEntries defines own properties, even one named `__proto__`.
  return Object.fromEntries(items) as { [key: string]: Value }
}

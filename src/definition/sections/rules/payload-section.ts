// The payload of a rule: JSON whose texts are CEL, computed each time the rule fires.

import { isMap, isScalar, isSeq } from 'yaml'
import { type DeclaredProperties, type Occasion, PayloadRoom } from '../../../expressions/expressions.ts'
import type { EvaluationContext, Payload } from '../../../model/evaluation-context.ts'
import type { Value } from '../../../model/value.ts'
import { BOUNDS } from '../../bounds.ts'
import type { Field, Fields } from '../../document/fields.ts'
import { checkReserved } from '../../document/names.ts'
import type { Conditions } from '../condition-fields.ts'

type Make = (situation: EvaluationContext) => Value

/**
 * Undefined if the field is absent or wrong; mistakes are reported. A payload longer than
 * LIMITS.payloadTextMax becomes null as a whole, because half a payload could say something else.
 */
export function readPayload(
  fields: Fields,
  field: Field | undefined,
  conditions: Conditions,
  occasion: Occasion,
  properties?: DeclaredProperties,
): Payload | undefined {
  if (!field) return undefined
  if (!field.value) {
    const hint = 'Write names and values, for example `payload: { points: 100 }`, or leave it out.'
    fields.problems.add(field.key, field.path, '`payload` is empty', hint)
    return undefined
  }
  let leaves = 0
  let tooLarge = false
  const room = new PayloadRoom()
  const make = read(field, 0)
  return {
    evaluate(situation) {
      room.clear()
      const value = make(situation)
      return room.exceeded ? null : value
    },
  }

  function read(part: Field, depth: number): Make {
    if (tooLarge) return nothing
    if (depth > BOUNDS.payloadDepthMax) return refuse('nests too deeply', `${BOUNDS.payloadDepthMax} levels`)
    if (isMap(part.value) && part.value.items.length > 0) return readMap(part, depth)
    if (isSeq(part.value) && part.value.items.length > 0) return readList(part, depth)
    leaves++
    if (leaves > BOUNDS.payloadLeavesMax) return refuse('is too large', `${BOUNDS.payloadLeavesMax} values`)
    return measured(readLeaf(part))
  }

  /** Computes nothing more when there is no room. */
  function measured(make: Make): Make {
    return (situation) => {
      if (room.exceeded) return null
      const value = make(situation)
      room.take(value)
      return value
    }
  }

  /** Counted once for the whole payload, because aliases can make it as large as they like. */
  function refuse(what: string, most: string): Make {
    tooLarge = true
    fields.problems.add(field!.key, field!.path, `The payload ${what}`, `At most ${most} are allowed.`)
    return nothing
  }

  function readMap(part: Field, depth: number): Make {
    const entries = fields.map(part.value, part.path, part.key) ?? new Map<string, Field>()
    const makes = [...entries.values()].map((entry) => {
      checkReserved(entry, fields.problems)
      return [entry.name, read(entry, depth + 1)] as const
    })
    return (situation) =>
      Object.fromEntries(
        makes.map(([name, make]) => {
          room.takeName(name)
          return [name, make(situation)]
        }),
      )
  }

  function readList(part: Field, depth: number): Make {
    const makes = (fields.list(part, '') ?? []).map((item) => read(item, depth + 1))
    return (situation) => makes.map((make) => make(situation))
  }

  function readLeaf(part: Field): Make {
    const { value } = part
    if (!isScalar(value)) {
      const empty: Value = isSeq(value) ? [] : isMap(value) ? {} : null
      return () => empty
    }
    const constant = value.value
    if (typeof constant === 'string') {
      return (
        conditions.payload(value as typeof value & { value: string }, part, occasion, properties) ?? nothing
      )
    }
    if (typeof constant === 'boolean' || Number.isFinite(constant)) return () => constant as Value
    const hint = 'Use a finite number, true, false, null or text.'
    fields.problems.add(value, part.path, 'This value has no form in JSON', hint)
    return nothing
  }
}

const nothing: Make = () => null

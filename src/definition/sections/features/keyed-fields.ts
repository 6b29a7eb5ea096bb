// The fields that only `countBy` and `recent` have: `by` and `top`.
import { isScalar } from 'yaml'
import { MAX_KEYS } from '../../../features/keyed/key-counts.ts'
import { RECENT_MAX } from '../../../features/keyed/recent.ts'
import type { AggregateName } from '../../../features/operators.ts'
import type { Field, Fields } from '../../document/fields.ts'

export const KEYED_KEYS = ['by', 'top']
/** How many values `recent` shows if nothing is said. */
const RECENT_DEFAULT = 10

/** Reports what the aggregate lacks of these fields, and what it cannot take. */
export function checkKeyed(
  fields: Fields,
  entry: Field,
  parts: Map<string, Field>,
  aggregate: AggregateName,
): void {
  const refuse = (name: string, message: string, hint: string) => {
    const field = parts.get(name)
    if (field) fields.problems.add(field.key, field.path, message, hint)
  }
  if (aggregate === 'countBy') {
    refuse('of', '`countBy` takes no `of`', 'It counts actions. Leave it out.')
    if (parts.has('by')) return
    const hint = 'For example `by: properties.category`.'
    fields.problems.add(entry.key, entry.path, '`countBy` needs `by`: the key of each action', hint)
    return
  }
  refuse('by', 'Only `countBy` takes `by`', 'Leave it out.')
  if (aggregate !== 'recent') refuse('top', 'Only `countBy` and `recent` take `top`', 'Leave it out.')
}

/** All keys of `countBy`, or ten values of `recent`, if it is absent or wrong. */
export function readTop(fields: Fields, field: Field | undefined, aggregate: AggregateName): number {
  const [normal, most] = aggregate === 'recent' ? [RECENT_DEFAULT, RECENT_MAX] : [MAX_KEYS, MAX_KEYS]
  if (!field) return normal
  const top = isScalar(field.value) ? field.value.value : undefined
  if (Number.isSafeInteger(top) && (top as number) > 0 && (top as number) <= most) return top as number
  const message = `\`top\` is a whole number from 1 to ${most}`
  fields.problems.add(field.value ?? field.key, field.path, message, 'For example `top: 5`.')
  return normal
}

// The fields that only `countBy` has: `by` and `top`.
import { isScalar } from 'yaml'
import { MAX_KEYS } from '../../../features/keyed/key-counts.ts'
import type { Field, Fields } from '../../document/fields.ts'

export const KEYED_KEYS = ['by', 'top']

/** Reports what `countBy` lacks, and what it cannot take. */
export function checkKeyed(fields: Fields, entry: Field, parts: Map<string, Field>): void {
  if (!parts.has('by')) {
    const hint = 'For example `by: properties.category`.'
    fields.problems.add(entry.key, entry.path, '`countBy` needs `by`: the key of each action', hint)
  }
  const of = parts.get('of')
  if (of) fields.problems.add(of.key, of.path, '`countBy` takes no `of`', 'It counts actions. Leave it out.')
}

/** Reports what another aggregate cannot take. */
export function checkNotKeyed(fields: Fields, parts: Map<string, Field>): void {
  for (const name of KEYED_KEYS) {
    const field = parts.get(name)
    if (field)
      fields.problems.add(field.key, field.path, `Only \`countBy\` takes \`${name}\``, 'Leave it out.')
  }
}

/** All keys that are kept, if it is absent or wrong. */
export function readTop(fields: Fields, field: Field | undefined): number {
  if (!field) return MAX_KEYS
  const top = isScalar(field.value) ? field.value.value : undefined
  if (Number.isSafeInteger(top) && (top as number) > 0 && (top as number) <= MAX_KEYS) return top as number
  const message = `\`top\` is a whole number from 1 to ${MAX_KEYS}`
  fields.problems.add(field.value ?? field.key, field.path, message, 'For example `top: 5`.')
  return MAX_KEYS
}

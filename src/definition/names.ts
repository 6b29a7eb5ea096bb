// Which names a definition may give to actions, properties and features.
import { LIMITS } from '../limits.ts'
import { idProblem } from '../model/user-id.ts'
import type { Field } from './fields.ts'
import type { Problems } from './problems.ts'

const RESERVED = ['__proto__', 'constructor', 'prototype']
const FEATURE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

/** Reports a name that JavaScript objects keep for themselves. */
export function checkReserved({ name, key, path }: Field, problems: Problems): boolean {
  if (!RESERVED.includes(name)) return true
  problems.add(key, path, `Reserved name: ${name}`, 'Choose another name.')
  return false
}

export function checkFeatureName(field: Field, problems: Problems): boolean {
  if (!checkReserved(field, problems)) return false
  if (FEATURE_NAME.test(field.name)) return true
  const hint = 'Use up to 64 letters, digits and `_`, not starting with a digit: `spend_30d`.'
  problems.add(field.key, field.path, `Not a feature name: ${field.name.slice(0, 80)}`, hint)
  return false
}

/** Action and property names: any short text without control characters. */
export function checkName(field: Field, problems: Problems): boolean {
  if (!checkReserved(field, problems)) return false
  const tooLong = field.name.length > LIMITS.nameLengthMax
  const problem = tooLong ? `must be at most ${LIMITS.nameLengthMax} characters` : idProblem(field.name)
  if (problem === undefined) return true
  const shown = JSON.stringify(field.name.slice(0, 80))
  problems.add(
    field.key,
    field.path,
    `The name ${shown} ${problem}`,
    'Choose another name, such as `purchase`.',
  )
  return false
}

// Which names a definition may give to what it declares.
import { LIMITS } from '../../limits.ts'
import { idProblem } from '../../model/user-id.ts'
import type { Field } from './fields.ts'
import type { Problems } from './problems.ts'

const RESERVED = ['__proto__', 'constructor', 'prototype']
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const STREAM_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

/** Reports a name that JavaScript objects keep for themselves. */
export function checkReserved({ name, key, path }: Named, problems: Problems): boolean {
  if (!RESERVED.includes(name)) return true
  problems.add(key, path, `Reserved name: ${name}`, 'Choose another name.')
  return false
}

/** What a name stands for, with an example of one. */
const EXAMPLES = {
  feature: 'spend_30d',
  stage: 'dormant',
  rule: 'third_purchase',
  badge: 'first_purchase',
  stream: 'rewards',
  group: 'welcome',
}

type Named = Pick<Field, 'name' | 'key' | 'path'>

/**
 * Names that expressions, addresses and stored profiles carry: short identifiers; streams may also
 * contain `-`.
 */
export function checkIdentifier(field: Named, of: keyof typeof EXAMPLES, problems: Problems): boolean {
  if (!checkReserved(field, problems)) return false
  if ((of === 'stream' ? STREAM_NAME : IDENTIFIER).test(field.name)) return true
  const characters = of === 'stream' ? 'letters, digits, `_` and `-`' : 'letters, digits and `_`'
  const hint = `Use up to 64 ${characters}, not starting with a digit: \`${EXAMPLES[of]}\`.`
  problems.add(field.key, field.path, `Not a ${of} name: ${field.name.slice(0, 80)}`, hint)
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

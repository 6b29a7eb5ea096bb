// The fields that only a streak has: `per`, `grace` and `show`.
import { isScalar } from 'yaml'
import { STREAK_SHOWS, type StreakOptions } from '../../../features/activity/streak.ts'
import { suggest } from '../../../model/suggest.ts'
import type { Window } from '../../../model/window.ts'
import { BOUNDS } from '../../bounds.ts'
import type { Field, Fields } from '../../document/fields.ts'

export const STREAK_KEYS = ['per', 'grace', 'show']
const PERIODS = ['day', 'week', 'month'] as const

/** Fields that are absent or wrong have their default. */
export function readStreak(fields: Fields, parts: Map<string, Field>): StreakOptions {
  const window = parts.get('window')
  if (window) {
    const hint = 'Leave `window` out: a streak begins with its first day.'
    fields.problems.add(window.key, window.path, '`streak` takes no `window`', hint)
  }
  return {
    per: oneOf(fields, parts.get('per'), PERIODS),
    grace: readGrace(fields, parts.get('grace')),
    show: oneOf(fields, parts.get('show'), STREAK_SHOWS),
  }
}

/** Reports what another aggregate cannot take. */
export function checkOnlyStreak(fields: Fields, parts: Map<string, Field>): void {
  for (const name of STREAK_KEYS) {
    const field = parts.get(name)
    if (field)
      fields.problems.add(field.key, field.path, `Only \`streak\` takes \`${name}\``, 'Leave it out.')
  }
}

/** The window in which the last day of a living streak lies. The longest streak needs none. */
export function windowOfStreak({ per, grace, show }: StreakOptions): Window {
  return show === 'longest' ? { kind: 'lifetime' } : { kind: 'calendar', period: per, before: grace + 1 }
}

function oneOf<Name extends string>(
  fields: Fields,
  field: Field | undefined,
  names: readonly [Name, ...Name[]],
): Name {
  const text = field && fields.text(field, `Allowed: ${names.join(', ')}.`)
  const found = names.find((name) => name === text?.value)
  if (text && !found) {
    fields.problems.add(
      text,
      field.path,
      `Unknown \`${field.name}\`: ${text.value}`,
      suggest(text.value, names),
    )
  }
  return found ?? names[0]
}

function readGrace(fields: Fields, field: Field | undefined): number {
  if (!field) return 0
  const grace = isScalar(field.value) ? field.value.value : undefined
  if (Number.isSafeInteger(grace) && (grace as number) >= 0 && (grace as number) <= BOUNDS.graceMax)
    return grace as number
  const message = `\`grace\` is a whole number from 0 to ${BOUNDS.graceMax}`
  fields.problems.add(field.value ?? field.key, field.path, message, 'For example `grace: 1`.')
  return 0
}

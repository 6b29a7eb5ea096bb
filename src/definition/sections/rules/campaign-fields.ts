// The fields of a rule that a campaign needs: when it runs, for whom it is held out, and which rules
// it stands back for.
import { isScalar } from 'yaml'
import { parseInstant } from '../../../model/instant.ts'
import type { Rule } from '../../../rules/rule.ts'
import { BOUNDS } from '../../bounds.ts'
import type { Field, Fields } from '../../document/fields.ts'
import { checkIdentifier } from '../../document/names.ts'

export const CAMPAIGN_KEYS = ['from', 'until', 'holdout', 'group', 'priority']

export function readCampaign(
  fields: Fields,
  parts: Map<string, Field>,
): Pick<Rule, 'from' | 'until' | 'holdout' | 'group' | 'priority'> {
  const from = readInstant(fields, parts.get('from')) ?? Number.NEGATIVE_INFINITY
  const until = readInstant(fields, parts.get('until')) ?? Number.POSITIVE_INFINITY
  const end = parts.get('until')
  if (end && until <= from) {
    fields.problems.add(end.value ?? end.key, end.path, '`until` is not after `from`', 'Swap the two.')
  }
  return {
    from,
    until,
    holdout: readShare(fields, parts.get('holdout')),
    group: readGroup(fields, parts.get('group')),
    priority: readPriority(fields, parts.get('priority')),
  }
}

function readInstant(fields: Fields, field: Field | undefined): number | undefined {
  if (!field) return undefined
  const example = `Write ISO 8601 with a zone: \`${field.name}: 2026-12-01T00:00:00+01:00\`.`
  const text = fields.text(field, example)
  const at = text && parseInstant(text.value)
  if (text && at === undefined)
    fields.problems.add(text, field.path, `Not an instant: ${text.value}`, example)
  return at
}

/** `10%` as 0.1; 0 if it is absent or wrong. */
function readShare(fields: Fields, field: Field | undefined): number {
  if (!field) return 0
  const example = 'Write a share of the users below all of them: `holdout: 10%`.'
  const text = fields.text(field, example)
  const match = text && /^(\d{1,2}(?:\.\d{1,3})?)%$/.exec(text.value)
  if (text && !match) fields.problems.add(text, field.path, `Not a share: ${text.value}`, example)
  return match ? Number(match[1]) / 100 : 0
}

function readGroup(fields: Fields, field: Field | undefined): string | undefined {
  const text = field && fields.text(field, 'Name the group: `group: welcome`.')
  if (!field || !text) return undefined
  const named = checkIdentifier({ ...field, name: text.value, key: text }, 'group', fields.problems)
  return named ? text.value : undefined
}

function readPriority(fields: Fields, field: Field | undefined): number {
  if (!field) return 0
  const priority = isScalar(field.value) ? field.value.value : undefined
  const { priorityMax } = BOUNDS
  if (Number.isSafeInteger(priority) && Math.abs(priority as number) <= priorityMax) return priority as number
  const message = `\`priority\` is a whole number from -${priorityMax} to ${priorityMax}`
  fields.problems.add(field.value ?? field.key, field.path, message, 'For example `priority: 1`.')
  return 0
}

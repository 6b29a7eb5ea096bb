// The `rules` section: reads and checks each rule by itself.
import type { DeclaredProperties, Occasion } from '../../../expressions/expressions.ts'
import type { Condition } from '../../../model/evaluation-context.ts'
import type { Rule, Trigger } from '../../../rules/rule.ts'
import { BOUNDS } from '../../bounds.ts'
import type { Field, Fields } from '../../document/fields.ts'
import { checkIdentifier } from '../../document/names.ts'
import { propertiesOf } from '../actions-section.ts'
import { readStreamName } from '../streams-section.ts'
import { CAMPAIGN_KEYS, readCampaign } from './campaign-fields.ts'
import { readPayload } from './payload-section.ts'
import { givesNoBadge, type RuleContext, readBadge, readLimit, readTrigger } from './rule-fields.ts'

const KEYS = ['on', 'when', 'emit', 'limit', 'cooldown', 'badge', 'audience', 'rearm', ...CAMPAIGN_KEYS]
const OCCASIONS = { action: 'action', stage: 'stage', condition: 'state' } as const

export function readRules(fields: Fields, section: Field | undefined, context: RuleContext): Rule[] {
  if (!section) return []
  const entries = [...(fields.map(section.value, section.path, section.key)?.values() ?? [])]
  if (entries.length > BOUNDS.rulesMax) {
    const hint = `At most ${BOUNDS.rulesMax} are allowed.`
    fields.problems.add(section.key, section.path, `${entries.length} rules are declared`, hint)
  }
  return entries.slice(0, BOUNDS.rulesMax).flatMap((entry, index) => {
    const named = checkIdentifier(entry, 'rule', fields.problems)
    const rule = readRule(fields, entry, index, context)
    return named && rule ? [rule] : []
  })
}

function readRule(fields: Fields, entry: Field, index: number, context: RuleContext): Rule | undefined {
  const parts = fields.map(entry.value, entry.path, entry.key, KEYS)
  if (!parts) return undefined
  const trigger = readTrigger(fields, parts.get('on'), context)
  const occasion = OCCASIONS[trigger.kind]
  const properties = trigger.kind === 'action' ? propertiesOf(context.declared, trigger.actions) : undefined
  const when = context.conditions.when(parts.get('when'), occasion, properties)
  if (!parts.has('on') && !parts.has('when')) {
    const hint = 'Give it `on` (an action or a stage), `when` (a condition) or both.'
    fields.problems.add(entry.key, entry.path, `The rule \`${entry.name}\` waits for nothing`, hint)
  }
  if (!parts.has('emit') && givesNoBadge(parts.get('badge'))) {
    const hint = 'Add `emit: { stream: rewards }`, `badge: true` or both.'
    fields.problems.add(entry.key, entry.path, `The rule \`${entry.name}\` does nothing`, hint)
  }
  return {
    name: entry.name,
    index,
    trigger,
    when,
    audience: context.conditions.when(parts.get('audience'), 'stage'),
    rearm: readRearm(fields, parts.get('rearm'), trigger, context),
    ...readEmit(fields, parts.get('emit'), occasion, properties, context),
    limit: readLimit(fields, parts.get('limit')),
    cooldownMs: fields.duration(parts.get('cooldown'), 0),
    badge: readBadge(fields, entry, parts.get('badge')),
    ...readCampaign(fields, parts),
    declared: declaredAs(fields, parts),
  }
}

function readRearm(
  fields: Fields,
  field: Field | undefined,
  trigger: Trigger,
  context: RuleContext,
): Condition | undefined {
  if (field && trigger.kind !== 'condition') {
    const hint = 'A rule with `on` is tried each time. Leave `rearm` out, or use `cooldown`.'
    fields.problems.add(field.key, field.path, '`rearm` is only for a rule without `on`', hint)
  }
  return context.conditions.when(field, 'state')
}

function readEmit(
  fields: Fields,
  field: Field | undefined,
  occasion: Occasion,
  properties: DeclaredProperties | undefined,
  context: RuleContext,
) {
  const parts = field && fields.map(field.value, field.path, field.key, ['stream', 'payload'])
  if (!parts) return { stream: undefined, payload: undefined }
  const stream = parts.get('stream')
  if (!stream) {
    const hint = 'Name the stream its decisions go to: `emit: { stream: rewards }`.'
    fields.problems.add(field.key, field.path, '`emit` has no `stream`', hint)
  }
  return {
    stream: stream && readStreamName(fields, stream, context.streams),
    payload: readPayload(fields, parts.get('payload'), context.conditions, occasion, properties),
  }
}

/**
 * Empty if the document has a mistake: the definition is refused anyway, and an alias could turn in
 * a circle.
 */
function declaredAs(fields: Fields, parts: Map<string, Field>): Record<string, unknown> {
  if (fields.problems.any) return {}
  return Object.fromEntries([...parts].map(([name, part]) => [name, fields.tree(part.value)]))
}

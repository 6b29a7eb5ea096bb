// What a definition means, in words: a line for each feature, guard, transition and rule.
// `pulseprint check --explain` prints them.
import type { Definition, DerivedFeature, Feature } from '../definition/definition.ts'
import type { Transition } from '../lifecycle/lifecycle.ts'
import type { Window } from '../model/window.ts'
import type { Rule } from '../rules/rule.ts'

type Declared = Record<string, unknown>

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const
const WINDOW_UNITS: Record<string, string> = { m: 'minute', h: 'hour', d: 'day' }

/** The features are in the order of the document. */
export function sentencesOf(definition: Definition): string[] {
  const { featureByName, guards, lifecycle, rules } = definition
  const stages = lifecycle?.stages ?? []
  return [
    ...[...featureByName.values()].map((feature) => `${code(feature.name)}: ${featureWords(feature)}.`),
    ...[...guards].map(([action, { source }]) => `${code(action)} is refused unless ${code(source)}.`),
    ...(lifecycle ? [`Every user begins in the stage ${code(stages[0]!)}.`] : []),
    ...(lifecycle?.transitions ?? []).map((transition) => transitionSentence(transition, stages)),
    ...rules.map((rule) => `${code(rule.name)}: ${ruleWords(rule, stages)}.`),
  ]
}

function featureWords(feature: Feature | DerivedFeature): string {
  if ('formula' in feature) return `made of other features: ${code(feature.formula)}`
  const { aggregate, declared } = feature
  const actions = actionsOf(declared.action)
  const rest = `${declared.where === undefined ? '' : ` where ${code(declared.where)}`}${windowOf(declared.window)}`
  const values = `${code(declared.of)} of ${actions}${rest}`
  switch (aggregate) {
    case 'count':
      return `how many ${actions}${declared.of === undefined ? '' : ` with a ${code(declared.of)}`}${rest}`
    case 'countBy':
      return `how many ${actions} of each ${code(declared.by)}${rest}${topOf(declared)}`
    case 'distinct':
      return `how many different ${values}`
    case 'recent':
      return `the newest different ${values}, at most ${declared.top ?? 10}`
    case 'streak':
      return streakWords(declared, `${actions}${rest}`)
    case 'days':
    case 'weeks':
    case 'months':
      return `in how many ${aggregate} there were ${actions}${rest}`
    default:
      return `the ${PICKED[aggregate] ?? aggregate} ${values}`
  }
}

const PICKED: Record<string, string> = { sum: 'sum of', avg: 'mean of', min: 'smallest', max: 'largest' }

function topOf({ top }: Declared): string {
  return top === undefined ? '' : `, the ${top} most frequent`
}

function streakWords({ per = 'day', grace = 0, show = 'current' }: Declared, actions: string): string {
  const forgiven = grace === 0 ? '' : ` (${plural(Number(grace), `missed ${per}`)} forgiven)`
  const row = `row of ${per}s${forgiven} with ${actions}`
  if (show === 'endsAt') return `when the present ${row} ends`
  return `the length of the ${show === 'longest' ? 'longest' : 'present'} ${row}`
}

/** @param declared as in the document: a name, a list, or nothing for any */
function actionsOf(declared: unknown): string {
  const names = [declared ?? '*'].flat().map(String)
  return names.includes('*') ? 'actions' : `${anyOf(names)} actions`
}

/** @param declared as in the document */
function windowOf(declared: unknown): string {
  if (declared === undefined) return ''
  const [, count, unit] = /^(\d+)([mhd])$/.exec(String(declared)) ?? []
  if (count && unit) return ` in the last ${plural(Number(count), WINDOW_UNITS[unit]!)}`
  return declared === 'day' ? ' today' : ` in the present ${declared}`
}

function transitionSentence(transition: Transition, stages: readonly string[]): string {
  const { from, to, on, when, silenceMs, dwellMs } = transition
  const everyOther = stages.length > 2 && from.size === stages.length - 1
  const before = everyOther ? 'any other stage' : anyOf([...from].map((stage) => stages[stage]!))
  const causes: string[] = []
  if (on) causes.push(`at ${actionsOf(on === 'any' ? undefined : [...on])}`)
  if (silenceMs !== undefined) causes.push(`after ${duration(silenceMs)} without any action`)
  if (dwellMs !== undefined) causes.push(`after ${duration(dwellMs)} in the stage`)
  if (when) causes.push(`${causes.length > 0 ? 'if' : 'as soon as'} ${code(when.source)}`)
  return `From ${before} to ${code(stages[to]!)}: ${causes.join(' ')}.`
}

function ruleWords(rule: Rule, stages: readonly string[]): string {
  const { when, trigger, stream, badge } = rule
  const causes = [occasionOf(rule, stages)]
  if (when) causes.push(`${trigger.kind === 'condition' ? 'as soon as' : 'if'} ${code(when.source)}`)
  const deeds: string[] = []
  if (stream !== undefined) deeds.push(`a decision on the stream ${code(stream)}`)
  if (badge !== undefined) deeds.push(`the badge ${code(badge)}`)
  const cause = causes.filter((text) => text !== '').join(' ')
  return [`${cause}, ${deeds.join(' and ')}`, ...boundsOf(rule)].join(', ')
}

function occasionOf({ trigger }: Rule, stages: readonly string[]): string {
  if (trigger.kind === 'action') return `at ${actionsOf(trigger.actions && [...trigger.actions])}`
  if (trigger.kind === 'condition') return ''
  const { stages: entered } = trigger
  return `when a user enters ${entered ? anyOf([...entered].map((stage) => stages[stage]!)) : 'any stage'}`
}

function boundsOf({ audience, rearm, limit, cooldownMs, from, until, holdout, group }: Rule): string[] {
  const bounds: string[] = []
  if (audience) bounds.push(`only for users with ${code(audience.source)}`)
  if (rearm) bounds.push(`again only after ${code(rearm.source)}`)
  if (limit) bounds.push(`at most ${plural(limit.times, 'time')}${perOf(limit.window)}`)
  if (cooldownMs > 0) bounds.push(`not within ${duration(cooldownMs)} of the last time`)
  if (Number.isFinite(from)) bounds.push(`from ${new Date(from).toISOString()} on`)
  if (Number.isFinite(until)) bounds.push(`until ${new Date(until).toISOString()}`)
  if (holdout > 0) bounds.push(`held out from ${Number((holdout * 100).toFixed(3))} % of the users`)
  if (group !== undefined) bounds.push(`unless another rule of the group ${code(group)} came first`)
  return bounds
}

function perOf(window: Window): string {
  if (window.kind === 'lifetime') return ''
  return window.kind === 'calendar' ? ` a ${window.period}` : ` in ${plural(window.count, window.unit)}`
}

function duration(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, length]) => ms % length === 0) ?? UNITS[3]
  return plural(ms / unitMs, unit)
}

function anyOf(names: readonly string[]): string {
  return names.map(code).join(' or ')
}

function code(text: unknown): string {
  return `\`${text}\``
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

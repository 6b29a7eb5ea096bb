// Random definitions for the laws of lifecycle and rules: each as a document, and as the brute
// force reads it.
import fc from 'fast-check'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type { Value } from '../../src/model/value.ts'
import type { NaiveFeature } from '../support/naive-profile.ts'
import type { NaivePlan, NaiveRule, NaiveTransition, Term } from './naive-life.ts'

const FEATURES: NaiveFeature[] = [
  { name: 'n', aggregate: 'count', window: undefined, onlyIos: false },
  { name: 'buys_1m', aggregate: 'count', window: '1m', action: 'buy', onlyIos: false },
  { name: 'buys_3m', aggregate: 'count', window: '3m', action: 'buy', onlyIos: false },
  { name: 'buys_ios', aggregate: 'count', window: '4m', action: 'buy', onlyIos: true },
  { name: 'sum_5m', aggregate: 'sum', window: '5m', onlyIos: false },
  { name: 'max_3m', aggregate: 'max', window: '3m', onlyIos: false },
  { name: 'things_4m', aggregate: 'distinct', window: '4m', onlyIos: false },
  { name: 'first_2m', aggregate: 'first', window: '2m', onlyIos: false },
  { name: 'last', aggregate: 'last', window: undefined, onlyIos: false },
  { name: 'n_2h', aggregate: 'count', window: '2h', onlyIos: false },
  { name: 'n_day', aggregate: 'count', window: 'day', onlyIos: false },
  { name: 'n_2d', aggregate: 'count', window: '2d', onlyIos: false },
  { name: 'sum_week', aggregate: 'sum', window: 'week', onlyIos: false },
]
export const ACTIONS = ['buy', 'view', 'call']

type Compare = (left: number, right: number) => boolean
const COMPARE: Record<string, Compare> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}
const isoOf = (at: number) => new Date(at).toISOString()
const term = (cel: string, value: Term['value'], ...reads: string[]): Term => ({ cel, value, reads })

/** Terms over what is seen everywhere. */
function everywhere(stages: readonly string[]): fc.Arbitrary<Term> {
  const name = fc.constantFrom(...FEATURES.map((feature) => feature.name))
  const number = fc.integer({ min: 0, max: 4 })
  const stage = fc.constantFrom(...stages)
  const compared = fc.tuple(name, fc.constantFrom(...Object.keys(COMPARE)), number).map(([of, sign, bound]) =>
    term(
      `features.${of} ${sign} ${bound}`,
      ({ feature }) => {
        const value = feature(of)
        return typeof value === 'number' ? COMPARE[sign]!(value, bound) : undefined
      },
      of,
    ),
  )
  const equal = fc
    .tuple(name, number)
    .map(([of, bound]) => term(`features.${of} == ${bound}`, ({ feature }) => feature(of) === bound, of))
  const missing = name.map((of) => term(`features.${of} == null`, ({ feature }) => feature(of) === null, of))
  const odd = fc
    .constantFrom('n', 'n_2h', 'buys_3m')
    .map((of) => term(`features.${of} % 2 == 1`, ({ feature }) => (feature(of) as number) % 2 === 1, of))
  const inStage = stage.map((one) => term(`stage == '${one}'`, (seen) => seen.stage === one))
  const outside = stage.map((one) => term(`stage != '${one}'`, (seen) => seen.stage !== one))
  const user = fc.constant(term(`userId == 'u0'`, (seen) => seen.user === 'u0'))
  return fc.oneof(
    { weight: 8, arbitrary: compared },
    { weight: 3, arbitrary: equal },
    ...[missing, odd, inStage, outside, user],
  )
}

/** Terms over the user, seen where something asks at a known moment. */
function ofProfile(stages: readonly string[], badges: readonly string[]): fc.Arbitrary<Term> {
  const badge = fc.constantFrom(...badges)
  return fc.oneof(
    badge.map((one) => term(`'${one}' in profile.badges`, (seen) => seen.badges.has(one))),
    fc
      .constantFrom(...stages)
      .map((one) => term(`profile.stage.name == '${one}'`, (seen) => seen.stage === one)),
    fc.constant(term(`profile.userId == 'u1'`, (seen) => seen.user === 'u1')),
  )
}

const ofAction: fc.Arbitrary<Term> = fc.oneof(
  fc.integer({ min: -1, max: 3 }).map((bound) =>
    term(`properties.x > ${bound}`, ({ action }) => {
      const x = action!.properties.x
      return typeof x === 'number' ? x > bound : undefined
    }),
  ),
  fc.constant(term(`channel == 'ios'`, ({ action }) => action!.channel === 'ios')),
  fc.constant(term(`action == 'buy'`, ({ action }) => action!.action === 'buy')),
  fc.constant(term(`occurredAt == profile.stage.since`, ({ action, since }) => action!.occurredAt === since)),
)

/** One to three terms joined; what has no value makes neither side true or false by itself. */
function joined(one: fc.Arbitrary<Term>): fc.Arbitrary<Term> {
  const negated = one.map(({ cel, value, reads }) =>
    term(
      `!(${cel})`,
      (seen) => {
        const inner = value(seen)
        return inner === undefined ? undefined : inner !== true
      },
      ...reads,
    ),
  )
  const both = fc
    .tuple(one, one)
    .map(([a, b]) =>
      term(`(${a.cel}) && (${b.cel})`, (seen) => and(a.value(seen), b.value(seen)), ...a.reads, ...b.reads),
    )
  const either = fc
    .tuple(one, one)
    .map(([a, b]) =>
      term(`(${a.cel}) || (${b.cel})`, (seen) => or(a.value(seen), b.value(seen)), ...a.reads, ...b.reads),
    )
  return fc.oneof({ weight: 4, arbitrary: one }, negated, both, either)
}

type Truth = Value | undefined
const and = (a: Truth, b: Truth) =>
  a === false || b === false ? false : a === true && b === true ? true : undefined
const or = (a: Truth, b: Truth) =>
  a === true || b === true ? true : a === false && b === false ? false : undefined

const PAYLOAD: Record<string, Term> = {
  n: term('features.n', ({ feature }) => feature('n')),
  recent: term('features.buys_3m + 1', ({ feature }) => (feature('buys_3m') as number) + 1),
  max: term('features.max_3m', ({ feature }) => feature('max_3m')),
  stage: term('stage', ({ stage }) => stage),
  text: term(`'for ' + userId`, ({ user }) => `for ${user}`),
}
const PAYLOAD_ON: Record<string, Term> = {
  ...PAYLOAD,
  since: term('profile.stage.since', ({ since }) => isoOf(since)),
  badges: term('size(profile.badges)', ({ badges }) => badges.size),
}
const PAYLOAD_ACTION: Record<string, Term> = {
  ...PAYLOAD_ON,
  x: term('properties.x', ({ action }) => action!.properties.x as Value | undefined),
  nothing: term('properties.nothing', () => undefined),
  at: term('occurredAt', ({ action }) => isoOf(action!.occurredAt)),
}

const orNone = <T>(arbitrary: fc.Arbitrary<T>, weight = 1) =>
  fc.oneof(fc.constant(undefined), { weight, arbitrary })
const actionNames = fc.oneof(fc.constant('*' as const), fc.subarray(ACTIONS, { minLength: 1 }))
const seconds = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.constantFrom(30, 60, 120, 180, 240, 300, 600, 3600),
)

function transitionsOver(stages: readonly string[]): fc.Arbitrary<NaiveTransition[]> {
  const state = joined(everywhere(stages))
  const action = joined(
    fc.oneof({ weight: 2, arbitrary: everywhere(stages) }, ofAction, ofProfile(stages, ['r0', 'gold'])),
  )
  const after = (since: 'action' | 'stage') => seconds.map((one) => ({ seconds: one, since }))
  const cause = fc.oneof(
    fc.record({ on: actionNames, when: orNone(action) }),
    fc.record({ when: state }),
    fc.record({ after: after('action'), when: orNone(state) }),
    fc.record({ after: after('stage'), when: orNone(state) }),
  )
  const one = fc
    .tuple(fc.constantFrom(...stages), fc.oneof(fc.constant('*' as const), fc.subarray([...stages])), cause)
    .map(([to, from, rest]): NaiveTransition => {
      const others = stages.filter((stage) => stage !== to)
      const named = from === '*' ? from : from.filter((stage) => stage !== to)
      return { from: named.length > 0 ? named : [others[0]!], to, ...rest }
    })
  return fc.array(one, { minLength: 1, maxLength: 7 })
}

function rulesOver(stages: readonly string[]): fc.Arbitrary<NaiveRule[]> {
  const state = joined(everywhere(stages))
  const known = fc.oneof(
    { weight: 2, arbitrary: everywhere(stages) },
    ofProfile(stages, ['r0', 'r1', 'gold']),
  )
  const payload = (terms: Record<string, Term>) =>
    fc
      .subarray(Object.entries(terms), { minLength: 1 })
      .map((entries): Record<string, Term> => Object.fromEntries(entries))
  const when = fc.oneof(
    fc.record({
      on: actionNames.map((actions) => ({ actions })),
      when: orNone(joined(fc.oneof(known, ofAction)), 2),
      payload: orNone(payload(PAYLOAD_ACTION)),
    }),
    fc.record({
      on: fc.oneof(fc.constant('*' as const), fc.subarray([...stages], { minLength: 1 })).map((entered) => ({
        stages: entered,
      })),
      when: orNone(joined(known)),
      payload: orNone(payload(PAYLOAD_ON)),
    }),
    fc.record({ when: state, payload: orNone(payload(PAYLOAD)) }),
  )
  const limit = fc.oneof(
    fc.record({ times: fc.integer({ min: 1, max: 3 }) }),
    fc.record({
      times: fc.integer({ min: 1, max: 3 }),
      per: fc.constantFrom('1m', '3m', '2h', 'day', '2d', 'week'),
    }),
  )
  const rest = fc.record({
    stream: orNone(fc.constantFrom('rewards', 'messages'), 3),
    badge: orNone(fc.constantFrom('own' as const, 'gold' as const)),
    limit: orNone(limit),
    cooldownSeconds: orNone(seconds),
  })
  return fc.array(fc.tuple(when, rest), { maxLength: 6 }).map((rules) =>
    rules.map(([what, { badge, stream, limit, cooldownSeconds }], index): NaiveRule => {
      const name = `r${index}`
      const given: string | undefined = badge === 'own' ? name : badge
      const emits = stream ?? (given === undefined ? 'rewards' : undefined)
      const { payload, ...trigger } = what
      return {
        name,
        ...trigger,
        ...{ limit, cooldownSeconds, badge: given, stream: emits },
        ...(emits !== undefined && payload && { payload }),
      }
    }),
  )
}

function present<T extends object>(parts: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as never
}

/**
 * Leaves out what the compiler would refuse: stages that nobody can reach, circles of dwell and
 * conditions alone.
 */
function reachable(stages: readonly string[], transitions: NaiveTransition[]): NaiveTransition[] {
  const turning = transitions.filter(({ on, after }) => !on && !after)
  const fit = transitions.filter((one) => {
    if (one.after?.since !== 'stage') return true
    const circle = leaves(stages, one).some((from) => reachedFrom(stages, one.to, turning).has(from))
    if (!circle) turning.push(one)
    return !circle
  })
  const reached = reachedFrom(stages, stages[0]!, fit)
  return fit.flatMap((one) => {
    const from = one.from === '*' ? one.from : one.from.filter((stage) => reached.has(stage))
    return reached.has(one.to) && from.length > 0 ? [{ ...one, from }] : []
  })
}

function leaves(stages: readonly string[], { from, to }: NaiveTransition): readonly string[] {
  return from === '*' ? stages.filter((stage) => stage !== to) : from
}

function reachedFrom(stages: readonly string[], start: string, transitions: NaiveTransition[]): Set<string> {
  const reached = new Set([start])
  // A Set visits what is added while it is visited.
  for (const stage of reached) {
    for (const one of transitions) if (leaves(stages, one).includes(stage)) reached.add(one.to)
  }
  return reached
}

export interface Law {
  plan: NaivePlan
  /** The same as a document. */
  text: string
  definition: Definition
  /** How fast-check shows it. */
  [fc.toStringMethod](): string
}

export function laws(zone: string): fc.Arbitrary<Law> {
  const stages = fc
    .integer({ min: 2, max: 5 })
    .map((count) => Array.from({ length: count }, (_, n) => `s${n}`))
  return stages
    .chain((all) => transitionsOver(all).map((transitions) => [all, reachable(all, transitions)] as const))
    .filter(([, transitions]) => transitions.length > 0)
    .chain(([all, transitions]) => {
      const reached = [...reachedFrom(all, all[0]!, transitions)]
      const names = reached.length > 1 ? reached : all
      return fc
        .tuple(rulesOver(names), fc.constantFrom(20, 120, 3600))
        .map(([rules, wait]) => lawOf(zone, names, transitions, rules, wait))
    })
    .filter((law) => law !== undefined)
}

const DAY_MS = 86_400_000
export const LATENESS_MS = 3 * DAY_MS
const IDEMPOTENCY_MS = 300_000

/** Undefined where the compiler refuses it for what random definitions may get wrong. */
export function lawOf(
  zone: string,
  stages: readonly string[],
  transitions: readonly NaiveTransition[],
  rules: readonly NaiveRule[],
  waitSeconds: number,
): Law | undefined {
  const plan: NaivePlan = {
    ...{ zone, stages, transitions, rules, features: FEATURES },
    ...{
      latenessLimitMs: LATENESS_MS,
      idempotencyWindowMs: IDEMPOTENCY_MS,
      historyWaitMs: waitSeconds * 1000,
    },
  }
  const text = documentOf(plan)
  const compiled = compileDefinition(text)
  if ('definition' in compiled) {
    return { plan, text, definition: compiled.definition, [fc.toStringMethod]: () => text }
  }
  if (compiled.problems.every(({ message }) => EXPECTED.test(message))) return undefined
  throw new Error(`${text}\n${JSON.stringify(compiled.problems, null, 1)}`)
}

/** What random definitions may get wrong. */
const EXPECTED = /No stage is named|No transition |only stage/

function documentOf(plan: NaivePlan): string {
  const features = plan.features.map(({ name, aggregate, window, action, onlyIos }) => [
    name,
    {
      aggregate,
      ...(aggregate !== 'count' && { of: 'properties.x' }),
      ...(onlyIos && { where: `channel == 'ios'` }),
      ...present({ action, window }),
    },
  ])
  const rules = plan.rules.map(({ name, on, when, stream, payload, limit, cooldownSeconds, badge }) => [
    name,
    {
      ...(on && { on: 'actions' in on ? on.actions : { stage: on.stages } }),
      ...(when && { when: when.cel }),
      ...(stream && { emit: { stream, ...(payload && { payload: celOf(payload) }) } }),
      ...(limit && { limit: limit.per === undefined ? limit.times : limit }),
      ...(cooldownSeconds && { cooldown: `${cooldownSeconds}s` }),
      ...(badge && { badge: badge === name ? true : badge }),
    },
  ])
  const transitions = plan.transitions.map(({ from, to, on, when, after }) => ({
    ...{ from, to },
    ...(on && { on }),
    ...(when && { when: when.cel }),
    ...(after && { after: `${after.seconds}s` }),
    ...(after?.since === 'stage' && { since: 'stage' }),
  }))
  return JSON.stringify({
    version: 1,
    timezone: plan.zone,
    latenessLimit: `${plan.latenessLimitMs / 1000}s`,
    idempotencyWindow: `${plan.idempotencyWindowMs / 1000}s`,
    historyWait: `${plan.historyWaitMs / 1000}s`,
    features: Object.fromEntries(features),
    lifecycle: { initial: plan.stages[0], transitions },
    ...(rules.length > 0 && { rules: Object.fromEntries(rules) }),
  })
}

function celOf(payload: Record<string, Term>): Record<string, string> {
  return Object.fromEntries(Object.entries(payload).map(([key, { cel }]) => [key, cel]))
}

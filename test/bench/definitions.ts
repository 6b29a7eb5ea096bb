// The definitions that the benchmark runs: the ten features alone, and with what reacts to the
// actions.
import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'

export interface Triggers {
  /** Further actions, untyped. */
  actions?: readonly string[]
  lifecycle?: { initial: string; transitions: readonly object[] }
  rules?: Readonly<Record<string, object>>
}

/**
 * The text of a definition: definition.yaml, which itself stays without rules so that figures stay
 * comparable.
 */
export function definitionWith({ actions = [], ...reactions }: Triggers): string {
  const plain = parse(readFileSync(new URL('definition.yaml', import.meta.url), 'utf8'))
  const declared = { ...plain.actions, ...Object.fromEntries(actions.map((name) => [name, {}])) }
  return stringify({ ...plain, actions: declared, ...reactions })
}

/** Fires at every action of the probes, and at nothing else. */
export const REWARDING: Triggers = {
  actions: ['checkout'],
  lifecycle: {
    initial: 'new',
    transitions: [{ from: 'new', to: 'active', on: '*' }],
  },
  rules: {
    thanks: {
      on: 'checkout',
      when: 'features.spend_90d >= 0.0 && features.purchases_30d >= 0',
      emit: {
        stream: 'rewards',
        payload: { points: 100, spent: 'features.spend_90d', text: "'thanks ' + userId" },
      },
    },
  },
}

/**
 * A user who does nothing for this long falls quiet; the next purchase ends it.
 * @param after as in definitions
 */
export function fallingQuiet(after: string): Triggers {
  return {
    actions: ['checkout'],
    lifecycle: {
      initial: 'active',
      transitions: [
        { from: 'active', to: 'quiet', after },
        { from: 'quiet', to: 'active', on: 'purchase' },
      ],
    },
  }
}

export const FIVE_STAGES: Triggers = {
  lifecycle: {
    initial: 'new',
    transitions: [
      { from: 'new', to: 'active', on: 'purchase' },
      { from: 'active', to: 'loyal', when: 'features.purchases_30d >= 1000000000' },
      { from: ['active', 'loyal'], to: 'dormant', after: '60d' },
      { from: 'dormant', to: 'returning', on: 'purchase' },
      { from: 'returning', to: 'active', after: '7d', since: 'stage' },
    ],
  },
}

/** Conditions over windows that no benchmark user ever meets. */
const NEVER_MET = [
  (bound: number) => `features.purchases_30d >= ${bound}`,
  (bound: number) => `features.spend_90d > ${bound}.0 && features.purchases_7d >= 3`,
  (bound: number) => `features.products_30d >= ${bound} || features.avg_price > ${bound}.0`,
  (bound: number) => `features.purchases_7d > ${bound} && features.spend_90d > 100.0`,
]

/**
 * @param on the action whose rules they are; undefined: they fire when the condition becomes true
 */
export function rulesThatNeverFire(count: number, on: string | undefined): Triggers {
  const rules: Record<string, object> = {}
  for (let rule = 0; rule < count; rule++) {
    const when = NEVER_MET[rule % NEVER_MET.length]!(1_000_000_000 + rule)
    rules[`rule_${rule}`] = { ...(on !== undefined && { on }), when, emit: { stream: 'rewards' } }
  }
  return { actions: ['checkout'], ...(count > 0 && { rules }) }
}

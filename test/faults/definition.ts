// What the engine under test counts and reacts to, and the actions it gets: each a function of user
// and number, so that a count, a sum and a stream entry can be told from any other.

export const SILENCE_MS = 4_000
export const HISTORY_WAIT_MS = 1_000
export const REGULAR_ACTS = 10
export const LUCKY_COOLDOWN_MS = 10_000
export const RETURNS_MAX = 3

export const DEFINITION = `
version: 1
timezone: Europe/London
historyWait: ${HISTORY_WAIT_MS / 1_000}s
actions:
  act: { properties: { n: { type: integer, required: true }, lucky: boolean } }
  view: { properties: { n: { type: integer, required: true }, lucky: boolean } }
features:
  acts: { aggregate: count, action: act }
  total: { aggregate: sum, action: act, of: properties.n }
  newest: { aggregate: last, of: properties.n }
  acts_5m: { aggregate: count, action: act, window: 5m }
  numbers_1h: { aggregate: distinct, action: [act, view], of: properties.n, window: 1h }
lifecycle:
  initial: new
  transitions:
    - { from: new, to: active, on: act }
    - { from: active, to: regular, when: "features.acts >= ${REGULAR_ACTS}" }
    - { from: [active, regular], to: quiet, after: ${SILENCE_MS / 1_000}s }
    - { from: quiet, to: active, on: act }
rules:
  first: { on: act, when: "features.acts == 1", emit: { stream: rewards, payload: { n: properties.n } }, limit: 1, badge: true }
  lucky: { on: act, when: properties.lucky, emit: { stream: rewards, payload: { n: properties.n, acts: features.acts } }, cooldown: ${LUCKY_COOLDOWN_MS / 1_000}s }
  fifth: { on: act, when: "features.acts % 5 == 0", emit: { stream: rewards, payload: { acts: features.acts, total: features.total } } }
  hush: { on: { stage: quiet }, emit: { stream: messages, payload: { acts: features.acts } } }
  returned: { on: { stage: active }, emit: { stream: messages, payload: { acts: features.acts } }, limit: ${RETURNS_MAX} }
`

/** All streams of the definition. */
export const STREAMS = ['actions', 'stages', 'rewards', 'messages'] as const
export type StreamName = (typeof STREAMS)[number]

export interface SentAction {
  id: string
  userId: string
  action: 'act' | 'view'
  /** Epoch ms. */
  occurredAt: number
  properties: { n: number; lucky: boolean }
}

/** The user's n-th action, counted from 1. */
export function actionOf(userId: string, n: number, occurredAt: number): SentAction {
  return {
    id: `${userId}:${n}`,
    userId,
    action: isAct(n) ? 'act' : 'view',
    occurredAt,
    properties: { n, lucky: n % 7 === 0 },
  }
}

export function isAct(n: number): boolean {
  return n % 5 !== 4
}

/** The user and the number that an action's id was made of. */
export function placeOfId(id: string): { userId: string; n: number } {
  const at = id.lastIndexOf(':')
  return { userId: id.slice(0, at), n: Number(id.slice(at + 1)) }
}

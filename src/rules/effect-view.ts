// Stage changes and decisions as subscribers and receipts show them. What is undefined is left out of the JSON.
import type { Decision, StageChange } from './effect.ts'

export function stageChangeView({ id, user, from, to, at, actionId }: StageChange) {
  return { id, userId: user, from, to, at: new Date(at).toISOString(), actionId }
}

export function decisionView({ id, user, rule, at, actionId, payload, badge }: Decision) {
  return { id, userId: user, rule, at: new Date(at).toISOString(), actionId, payload, badge }
}

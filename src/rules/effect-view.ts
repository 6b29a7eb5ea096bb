// Stage changes, decisions, holdouts and refusals as subscribers and receipts show them. What is undefined is left out
// of the JSON.
import { isoOf } from '../model/instant.ts'
import type { Decision, Holdout, Refusal, StageChange } from './effect.ts'

export function stageChangeView({ id, user, from, to, at, actionId }: StageChange) {
  return { id, userId: user, from, to, at: isoOf(at), actionId }
}

export function decisionView({ id, user, rule, at, actionId, payload, badge }: Decision) {
  return { id, userId: user, rule, at: isoOf(at), actionId, payload, badge }
}

export function holdoutView({ id, user, rule, at, actionId, payload }: Holdout) {
  return { id, userId: user, rule, at: isoOf(at), actionId, payload }
}

export function refusalView({ id, user, action, at, actionId, guard }: Refusal) {
  return { id, userId: user, action, at: isoOf(at), actionId, guard }
}

// A user at one instant, as conditions and payloads are given it.

import type { Action } from '../../../src/model/action.ts'
import type { EvaluationContext } from '../../../src/model/evaluation-context.ts'
import type { Value } from '../../../src/model/value.ts'

export const ACTION: Action = {
  id: 'a-1',
  user: 'u-17',
  action: 'purchase',
  occurredAt: Date.UTC(2026, 6, 20, 9, 30, 15, 123),
  channel: 'ios',
  properties: { price: 12.5, zero: 0, category: 'shoes' },
}

/** `features` by their place; the others are null. */
export function situation(
  given: Partial<Omit<EvaluationContext, 'feature'>> & {
    features?: readonly Value[]
    properties?: Record<string, unknown>
  } = {},
): EvaluationContext {
  const { features = [], properties, ...others } = given
  return {
    user: 'u-17',
    action: properties ? { ...ACTION, properties } : ACTION,
    stage: 'active',
    stageSince: Date.UTC(2026, 6, 1),
    badges: () => new Map([['gold', Date.UTC(2026, 6, 2)]]),
    feature: (index) => features[index] ?? null,
    ...others,
  }
}

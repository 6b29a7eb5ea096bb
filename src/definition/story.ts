// A test of a definition: what a few users do, when, and what is expected of them. sections/tests
// reads it from YAML; src/stories/ runs it.
import type { Value } from '../model/value.ts'

export interface Story {
  name: string
  steps: Step[]
}

export const RECEIPTS = ['accepted', 'duplicate', 'rejected', 'refused'] as const
export type ReceiptStatus = (typeof RECEIPTS)[number]

export interface Step {
  /** Place in the document, from 1. */
  line: number
  column: number
  /** An instant (epoch ms), or so long after the step before. */
  at: number | undefined
  afterMs: number
  user: string
  /** Undefined if the step only looks. */
  action: StoryAction | undefined
  expected: Expected
}

export interface StoryAction {
  /** How long before the step it occurred. */
  lateMs: number
  /** As a client would send it, without `userId` and `occurredAt`. */
  item: Record<string, unknown>
}

/** Undefined: anything. */
export interface Expected {
  receipt: ReceiptStatus | undefined
  features: Record<string, Value> | undefined
  stage: string | null | undefined
  /** All since the step before, in order. */
  decisions: ExpectedDecision[] | undefined
}

export interface ExpectedDecision {
  rule: string
  /** Undefined: any. */
  payload: Value | undefined
}

// The action: one thing a user did. This file owns its shape inside the engine, after a front door
// has checked it; what clients may send is the front doors' business.

/** One accepted action. Times are epoch milliseconds (UTC). */
export interface Action {
  /** Idempotency key: unique per user within the definition's `idempotencyWindow`. */
  id: string
  /**
   * Profile key: the `userId`, or `anonymous:` followed by the `anonymousId` if no user is known.
   */
  user: string
  /** The anonymous id sent beside a `userId`, if any. */
  anonymousId?: string
  /** The action's name, for example `purchase`. */
  action: string
  /** When it happened, epoch milliseconds. */
  occurredAt: number
  object?: ActionObject
  channel?: string
  place?: string
  properties: Record<string, unknown>
}

/** What the action was done to. */
export interface ActionObject {
  type?: string
  id: string
}

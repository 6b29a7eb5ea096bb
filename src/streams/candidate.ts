// An entry of a stream before anyone knows whether a subscriber wants it.

export interface Candidate {
  readonly id: string
  /** Profile key of the user. */
  readonly user: string
  /** Name of the action that caused it; undefined if time did. */
  readonly action: string | undefined
  /** The JSON object that subscribers get. */
  readonly data: string
}

// The lifecycle of the definition: the stages a user can be in, and what moves one from stage to
// stage.
import type { Condition } from '../model/evaluation-context.ts'

export interface Transition {
  /** Stages it leads out of (places in `stages`); never its own `to`. */
  readonly from: ReadonlySet<number>
  readonly to: number
  /**
   * Fires at an action of these names; 'any' for every name. Never beside `silenceMs` or `dwellMs`.
   */
  readonly on: ReadonlySet<string> | 'any' | undefined
  readonly when: Condition | undefined
  /** Fires when the user has done nothing for so long. At most one of the two is there. */
  readonly silenceMs: number | undefined
  /** Fires when the user has been in the stage for so long. */
  readonly dwellMs: number | undefined
}

export interface Lifecycle {
  /** Names; the first is where every user begins. */
  readonly stages: readonly string[]
  /** In the order of the document: the first that fits fires. */
  readonly transitions: readonly Transition[]
}

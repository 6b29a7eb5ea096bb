// Which transition fires. Pure: it looks at the user's state and at the given instant.
import type { Action } from '../model/action.ts'
import type { EvaluationContext } from '../model/evaluation-context.ts'
import type { Lifecycle, Transition } from './lifecycle.ts'
import type { LifecycleState } from './lifecycle-state.ts'

const NEVER = Number.POSITIVE_INFINITY

/** The transition that an action fires, if any: the first in the order of the document. */
export function actionTransition(
  { transitions }: Lifecycle,
  standing: LifecycleState,
  action: Action,
  situation: EvaluationContext,
): Transition | undefined {
  // An action from before the stage was entered is late, and what was announced stays. Nothing
  // announced the first stage.
  const late = action.occurredAt < standing.stageSince && standing.history.length > 0
  if (late) return undefined
  for (const transition of transitions) {
    const { on, when } = transition
    if (on === undefined || !transition.from.has(standing.stage)) continue
    if (on !== 'any' && !on.has(action.action)) continue
    if (!when || when.holds(situation)) return transition
  }
  return undefined
}

/**
 * The transition without `on` that holds at `at`, if any: the first in the order of the document.
 * @param entered stages that may not be entered (again)
 */
export function stateTransition(
  { transitions }: Lifecycle,
  standing: LifecycleState,
  newestAt: number,
  at: number,
  situation: EvaluationContext,
  entered: readonly number[],
): Transition | undefined {
  for (const transition of transitions) {
    if (transition.on !== undefined || !transition.from.has(standing.stage)) continue
    if (entered.includes(transition.to) || timeIsUpAt(transition, standing, newestAt) > at) continue
    if (!transition.when || transition.when.holds(situation)) return transition
  }
  return undefined
}

/**
 * The first instant after `at` at which the time of a transition out of the present stage is up;
 * Infinity for none.
 */
export function nextTimer(
  { transitions }: Lifecycle,
  standing: LifecycleState,
  newestAt: number,
  at: number,
): number {
  let next = NEVER
  for (const transition of transitions) {
    if (transition.on !== undefined || !transition.from.has(standing.stage)) continue
    const due = timeIsUpAt(transition, standing, newestAt)
    if (due > at && due < next) next = due
  }
  return next
}

/**
 * -Infinity for a transition that waits for no time. Infinity for a silence that was already as
 * long when the stage was entered, because each silence fires a transition once.
 */
export function timeIsUpAt(transition: Transition, standing: LifecycleState, newestAt: number): number {
  const { silenceMs, dwellMs } = transition
  if (dwellMs !== undefined) return standing.stageSince + dwellMs
  if (silenceMs === undefined) return Number.NEGATIVE_INFINITY
  const due = newestAt + silenceMs
  return due > standing.stageSince ? due : NEVER
}

/**
 * True if conditions alone can lead out of a stage and back into it. One of them may then still
 * hold when an evaluation ends, because an evaluation enters no stage twice. So each action must
 * look again.
 */
export function guardsMakeCircle({ transitions }: Lifecycle): boolean {
  const guards = transitions.filter(({ on, silenceMs, dwellMs }) => !on && !silenceMs && !dwellMs)
  return guards.some(({ from, to }) => {
    const reached = new Set([to])
    // A Set also visits elements that are added during the visit.
    for (const stage of reached) for (const next of guards) if (next.from.has(stage)) reached.add(next.to)
    return [...from].some((stage) => reached.has(stage))
  })
}

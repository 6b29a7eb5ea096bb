// The state of a user in the lifecycle and with the rules: the part of a profile that time alone
// can change.

export interface LifecycleState {
  /** Place in the lifecycle's stages; -1 before the first action. */
  stage: number
  /** When it was entered, epoch ms. */
  stageSince: number
  /** Earlier stages: pairs of (stage, since), oldest first. */
  history: number[]
  /**
   * The user's own clock, epoch ms: the newest action, or the last change that time made after it.
   */
  clock: number
  /** Next instant at which a transition's time is up; Infinity for none. */
  timersDue: number
  /** An instant before which no condition can change by time alone; Infinity for none. */
  conditionsDue: number
  /** When the owner has to write a tick for this user, epoch ms; Infinity for never. */
  wakeAt: number
  /** Pairs of (rule that gave it first, when), in the order they were given. */
  badges: number[]
  /** Of the rules that have fired. */
  firings: Firing[]
  /** Conditions without `on` that held when they were last looked at: places of their rules. */
  holding: number[]
}

export interface Firing {
  rule: number
  times: number
  lastAt: number
  /** When the rule fired last, oldest first, as many times as its limit per window needs. */
  recent: number[]
}

const NEVER = Number.POSITIVE_INFINITY

/** What the objects take, in numbers. */
const STATE_SIZE = 48
const FIRING_SIZE = 16

export function emptyLifecycleState(): LifecycleState {
  return {
    stage: -1,
    stageSince: 0,
    history: [],
    clock: 0,
    timersDue: NEVER,
    conditionsDue: NEVER,
    wakeAt: NEVER,
    badges: [],
    firings: [],
    holding: [],
  }
}

/** A copy that shares nothing with the original. */
export function copyOf(standing: LifecycleState): LifecycleState {
  return {
    ...standing,
    history: [...standing.history],
    badges: [...standing.badges],
    firings: standing.firings.map((firing) => ({ ...firing, recent: [...firing.recent] })),
    holding: [...standing.holding],
  }
}

/** About how many numbers it keeps. */
export function sizeOf({ history, badges, firings, holding }: LifecycleState): number {
  const lists = history.length + badges.length + holding.length
  return firings.reduce((size, { recent }) => size + FIRING_SIZE + recent.length, STATE_SIZE + lists)
}

/** Next instant at which time alone may change something. */
export function dueAt({ timersDue, conditionsDue }: LifecycleState): number {
  return Math.min(timersDue, conditionsDue)
}

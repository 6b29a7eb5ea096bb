// The compiled definition: compile.ts makes it of the YAML document, and everything else reads it.
// It holds no text of the document, except the sources that `explain` shows.
import type { Operator } from '../features/operator.ts'
import type { Series } from '../features/series.ts'
import type { Lifecycle } from '../lifecycle/lifecycle.ts'
import type { Calendar } from '../model/calendar.ts'
import type { Condition, EvaluationContext } from '../model/evaluation-context.ts'
import type { Value } from '../model/value.ts'
import type { TileUnit, Window } from '../model/window.ts'
import type { Rule } from '../rules/rule.ts'
import type { Story } from './story.ts'

export type PropertyKind = 'string' | 'number' | 'integer' | 'boolean' | 'timestamp' | 'list' | 'map'
export interface PropertyType {
  name: string
  kind: PropertyKind
  required: boolean
}

/** A declared action. Its properties are checked when an action arrives. */
export interface ActionType {
  name: string
  /** The type that `object.type` takes when missing, and must equal when sent. */
  object?: string
  /** A list, because every action of this name goes through all of it. */
  properties: PropertyType[]
}

export interface Feature {
  name: string
  /** Index of the series whose tiles this feature reads. */
  series: number
  window: Window
  aggregate: string
  /** How it reads the state of its series. */
  operator: Pick<Operator, 'value' | 'error' | 'oldest' | 'tiles'>
  /** What its reading depends on, if features read one series in several ways. */
  reads?: string
  /** How the feature was declared, for `explain`. */
  declared: Record<string, unknown>
  /** `timestamp` values are stored as epoch milliseconds and shown as ISO 8601. */
  type: 'any' | 'timestamp'
}

/** A feature that is made of others whenever it is read. It keeps nothing. */
export interface DerivedFeature {
  name: string
  /** CEL over features. */
  formula: string
  evaluate(context: EvaluationContext): Value
  /** All features that it is made of, also by way of derived ones: places among the features. */
  features: readonly number[]
  /** The derived features among them: places among the derived features. */
  derived: readonly number[]
  /** How it was declared, for `explain`. */
  declared: Record<string, unknown>
}

/** What an action of one name can set off, so that it pays for nothing else. */
export interface Triggers {
  /** Rules on this action, in the order in which they are tried. */
  rules: readonly Rule[]
  /**
   * Rules without `on` whose condition reads a feature that this action can change, in the order in
   * which they are tried.
   */
  conditions: readonly Rule[]
  /** True if a transition names this action in `on`. */
  moves: boolean
  /**
   * True if a transition without `on` has a condition that reads a feature that this action can
   * change.
   */
  touchesGuards: boolean
}

/** Series over tiles of one unit, so that an action looks up its tile once for all of them. */
export interface SeriesGroup {
  unit: TileUnit
  /** Places in the definition's series. */
  indexes: readonly number[]
}

export interface Definition {
  timezone: string
  calendar: Calendar
  latenessLimitMs: number
  /** How far ahead of the engine's clock an action may be. */
  futureLimitMs: number
  idempotencyWindowMs: number
  actions: Map<string, ActionType>
  /**
   * Names of the declared actions, in a fixed order, because stored profiles refer to them by
   * place.
   */
  actionNames: string[]
  /** The place of a declared action among them; -1 for any other. */
  placeOfAction(name: string): number
  /** True if `"*"` is declared: any other action is accepted untyped. */
  acceptsAny: boolean
  features: Feature[]
  derived: DerivedFeature[]
  /** Both, in the order of the document. */
  featureByName: Map<string, Feature | DerivedFeature>
  /** Features that aggregate the same thing over the same tiles share one series. */
  series: Series[]
  /** The series that an action of this name can touch. Names that no series asks for share one answer. */
  seriesOf(actionName: string): readonly SeriesGroup[]
  /** By action, the condition that must hold when its turn comes; else it is refused. */
  guards: ReadonlyMap<string, Condition>
  /** Undefined if the document has none. */
  lifecycle: Lifecycle | undefined
  rules: Rule[]
  /**
   * Names of the streams: `actions`, `stages` if there is a lifecycle, `refused` if there are
   * guards, `holdouts` if rules have some, and those declared or emitted to.
   */
  streams: ReadonlySet<string>
  /** Names that the document does not mention share one answer. */
  triggersOf(actionName: string): Triggers
  /**
   * How long a timer waits for more of the user's history, if it was due before its action arrived.
   */
  historyWaitMs: number
  /** What the document expects of itself; nothing depends on them. */
  tests: readonly Story[]
  /**
   * Hash of everything that the stored state depends on. If it changes, profiles are rebuilt from
   * the log.
   */
  fingerprint: string
}

// How one action is counted in a profile: whether it counts at all, and which features, days and
// timeline entries it changes.
import type { Definition } from '../definition/definition.ts'
import { contributionOf } from '../features/series.ts'
import { OUTCOME, type Outcome } from '../ingest/batch.ts'
import { LIMITS } from '../limits.ts'
import type { Action } from '../model/action.ts'
import { appended } from '../model/lean-array.ts'
import { countAction } from './day-counts.ts'
import type { Profile } from './profile.ts'
import { isRemembered, remember } from './remembered.ts'

/**
 * Why the action changes nothing; undefined if it counts.
 * @param idHash hash of its id,
 * @param receivedAt epoch ms
 */
export function refusalOf(
  { idempotencyWindowMs, latenessLimitMs }: Definition,
  { remembered, newestAt }: Profile,
  { occurredAt }: Action,
  idHash: number,
  receivedAt: number,
): Outcome | undefined {
  if (isRemembered(remembered, idHash, receivedAt, idempotencyWindowMs)) return OUTCOME.duplicate
  return newestAt - occurredAt > latenessLimitMs ? OUTCOME.tooLate : undefined
}

/**
 * Changes the profile by one action that counts.
 * @param sequence the action's record in the log, and @param position its place inside the record
 */
export function count(
  definition: Definition,
  profile: Profile,
  action: Action,
  idHash: number,
  receivedAt: number,
  sequence: number,
  position: number,
): void {
  const { remembered } = profile
  profile.remembered = remember(remembered, idHash, receivedAt, definition.idempotencyWindowMs)
  const newestBefore = profile.newestAt
  if (action.occurredAt > newestBefore) profile.newestAt = action.occurredAt
  addToSeries(definition, profile, action, newestBefore)
  const { calendar } = definition
  const newestDay = calendar.tile('day', profile.newestAt)
  countAction(profile.counts, action.action, calendar.tile('day', action.occurredAt), newestDay)
  profile.timeline = appended(profile.timeline, [sequence, position])
  const surplus = profile.timeline.length - LIMITS.timelineLengthMax * 2
  if (surplus > 0) profile.timeline.splice(0, surplus)
}

function addToSeries(definition: Definition, profile: Profile, action: Action, newestBefore: number): void {
  const { calendar, series } = definition
  const { states, newestAt } = profile
  const { occurredAt } = action
  for (const { unit, indexes } of definition.seriesOf(action.action)) {
    const tile = calendar.tile(unit, occurredAt)
    const newestTile = calendar.tile(unit, newestAt)
    // Most actions are in the newest tile and move no window on. Then nothing can drop out.
    const dropsNothing =
      tile === newestTile && (newestBefore === 0 || calendar.tile(unit, newestBefore) === newestTile)
    for (const index of indexes) {
      const one = series[index]!
      const value = contributionOf(one, action)
      if (value === undefined) continue
      const firstTile = dropsNothing ? tile : one.firstTile(newestAt)
      if (tile < firstTile) continue
      const state = one.operator.add(states[index], value, occurredAt, tile)
      states[index] = dropsNothing ? state : one.operator.prune(state, firstTile)
    }
  }
}

/**
 * Drops everything that no window can reach any more, also in series that the newest actions did
 * not touch. It runs before a profile is stored and changes no value.
 */
export function pruneAll(definition: Definition, profile: Profile): void {
  for (let index = 0; index < definition.series.length; index++) {
    const { operator, firstTile } = definition.series[index]!
    profile.states[index] = operator.prune(profile.states[index], firstTile(profile.newestAt))
  }
}

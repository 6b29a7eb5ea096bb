// How one action is counted in a profile: whether it counts at all, and which features, days and
// timeline entries it changes.
import type { Definition } from '../definition/definition.ts'
import { contributionOf } from '../features/series.ts'
import { OUTCOME, type Outcome } from '../ingest/batch.ts'
import { LIMITS } from '../limits.ts'
import type { Action } from '../model/action.ts'
import { Section } from '../numbers/section.ts'
import { countOnDay, nameIndex } from './day-counts.ts'
import { LIST, type Profile, placeOf } from './profile.ts'
import { isRemembered, remember } from './remembered.ts'

/** Looks at one section of the profile at hand after the other. */
const section = new Section()

/**
 * Why the action changes nothing; undefined if it counts.
 * @param idHash hash of its id,
 * @param receivedAt epoch ms
 */
export function refusalOf(
  definition: Definition,
  profile: Profile,
  { occurredAt }: Action,
  idHash: number,
  receivedAt: number,
): Outcome | undefined {
  section.select(profile, placeOf(definition, LIST.remembered))
  if (isRemembered(section, idHash, receivedAt, definition.idempotencyWindowMs)) return OUTCOME.duplicate
  return profile.newestAt - occurredAt > definition.latenessLimitMs ? OUTCOME.tooLate : undefined
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
  section.select(profile, placeOf(definition, LIST.remembered))
  remember(section, idHash, receivedAt, definition.idempotencyWindowMs)
  section.select(profile, placeOf(definition, LIST.timeline))
  appendToTimeline(section, sequence, position)
  const newestBefore = profile.newestAt
  if (action.occurredAt > newestBefore) profile.newestAt = action.occurredAt
  countDay(definition, profile, action)
  addToSeries(definition, profile, action, newestBefore)
}

/** In a full timeline the others move up, so that nothing behind it has to move. */
function appendToTimeline(timeline: Section, sequence: number, position: number): void {
  const { start, end } = timeline
  const isFull = timeline.length >= 2 * LIMITS.timelineLengthMax
  if (!isFull) timeline.insert(end, 2)
  const { numbers } = timeline
  const place = isFull ? end - 2 : end
  if (isFull) for (let at = start; at < place; at++) numbers[at] = numbers[at + 2]!
  numbers[place] = sequence
  numbers[place + 1] = position
}

function countDay(definition: Definition, profile: Profile, { action, occurredAt }: Action): void {
  const { calendar } = definition
  const day = calendar.tile('day', occurredAt)
  const newestDay = calendar.tile('day', profile.newestAt)
  if (day <= newestDay - LIMITS.countDaysMax) return
  section.select(profile, placeOf(definition, LIST.names))
  const name = nameIndex(section, action, definition.placeOfAction(action))
  section.select(profile, placeOf(definition, LIST.days))
  countOnDay(section, name, day, newestDay)
}

function addToSeries(definition: Definition, profile: Profile, action: Action, newestBefore: number): void {
  const { calendar, series } = definition
  const { newestAt } = profile
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
      one.operator.add(section.select(profile, index), value, occurredAt, tile)
      if (!dropsNothing) one.operator.prune(section.select(profile, index), firstTile)
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
    section.select(profile, index)
    if (section.length > 0) operator.prune(section, firstTile(profile.newestAt))
  }
}

// A user's newest actions. The profile only knows where they stand in the log; their text is read from there.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TimelineOptions, TimelineView } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import { decodeActions } from '../../src/ingest/records.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { Action } from '../../src/model/action.ts'
import { isoOf } from '../../src/model/instant.ts'

/** A page of what the options ask for. @param timeline pairs of (sequence, position), oldest first */
export function readTimeline(
  log: ActionLog,
  shard: number,
  timeline: readonly number[],
  options: TimelineOptions,
): Promise<Pick<TimelineView, 'actions' | 'cursor'>> {
  const { limit, cursor } = options
  return readNewest(log, shard, timeline, limit, (action) => isWanted(action, options), cursor)
}

/** The newest `limit` actions that are wanted, behind the cursor where there is one. */
export async function readNewest(
  log: ActionLog,
  shard: number,
  timeline: readonly number[],
  limit: number,
  wanted: (action: Action) => boolean,
  cursor?: string,
): Promise<Pick<TimelineView, 'actions' | 'cursor'>> {
  const actions: TimelineView['actions'] = []
  let last = cursor === undefined ? undefined : parseCursor(cursor)
  let record: { sequence: number; actions: Action[] } | undefined
  for (let at = timeline.length - 2; at >= 0; at -= 2) {
    const place = { sequence: timeline[at]!, position: timeline[at + 1]! }
    if (last && !isBefore(place, last)) continue
    if (record?.sequence !== place.sequence) {
      const found = await log.get(shard, place.sequence)
      // A trimmed record takes its part of the timeline with it.
      if (!found) break
      record = { sequence: place.sequence, actions: decodeActions(found.payload) }
      // A record may be large: others have their turn before the next.
      await nextTurn()
    }
    const action = record.actions[place.position]!
    if (!wanted(action)) continue
    if (actions.length === limit)
      return { actions, cursor: last ? `${last.sequence}.${last.position}` : null }
    actions.push(entryOf(action, shard, place.sequence))
    last = place
  }
  return { actions, cursor: null }
}

interface Place {
  sequence: number
  position: number
}

function parseCursor(cursor: string): Place {
  const [, sequence, position] = /^(\d{1,15})\.(\d{1,9})$/.exec(cursor) ?? []
  if (sequence === undefined)
    throw new PulseprintError('INVALID_REQUEST', 'cursor is not one this engine gave')
  return { sequence: Number(sequence), position: Number(position) }
}

function isBefore(place: Place, other: Place): boolean {
  return place.sequence === other.sequence ? place.position < other.position : place.sequence < other.sequence
}

function isWanted(action: Action, { action: name, from, to }: TimelineOptions): boolean {
  return (
    (name === undefined || action.action === name) &&
    (from === undefined || action.occurredAt >= from) &&
    (to === undefined || action.occurredAt < to)
  )
}

function entryOf(action: Action, shard: number, sequence: number): TimelineView['actions'][number] {
  const { id, action: name, occurredAt, object, channel, place, properties } = action
  return {
    id,
    action: name,
    occurredAt: isoOf(occurredAt),
    ...(object && { object }),
    ...(channel !== undefined && { channel }),
    ...(place !== undefined && { place }),
    properties,
    shard,
    sequence,
  }
}

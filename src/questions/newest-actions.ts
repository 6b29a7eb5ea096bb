// A user's newest actions. The profile only knows where they stand in the log; their text is read from there.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PulseprintError } from '../errors.ts'
import { decodeActions } from '../ingest/records.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { Action } from '../model/action.ts'
import { isoOf } from '../model/instant.ts'
import type { TimelineView } from '../views/views.ts'

/**
 * The newest `limit` actions that are wanted, behind the cursor if there is one. Errors: INVALID_REQUEST for a cursor that was never given.
 * @param timeline pairs of (sequence, position), oldest first
 */
export async function readNewest(
  { log, shard }: { log: ActionLog; shard: number },
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

// A user's newest actions. The profile only knows their places in the log, so this reads them from
// there.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PulseprintError } from '../errors.ts'
import { decodeActions } from '../ingest/records.ts'
import { LIMITS } from '../limits.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { Action } from '../model/action.ts'
import { isoOf } from '../model/instant.ts'
import type { TimelineView } from '../views/views.ts'

/**
 * The newest `limit` actions that match, after the cursor if there is one. Fewer if they are long.
 * Errors: INVALID_REQUEST if the engine never gave this cursor.
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
  let bytes = 0
  let last = cursor === undefined ? undefined : parseCursor(cursor)
  for (const { sequence, positions } of placesFrom(timeline, last)) {
    const found = await log.get(shard, sequence)
    // When a record is trimmed, its part of the timeline goes too.
    if (!found) break
    const record = decodeActions(found.payload)
    for (const position of positions) {
      const action = record[position]!
      if (!wanted(action)) continue
      if (actions.length === limit || bytes >= LIMITS.timelinePageBytesMax)
        return { actions, cursor: last ? `${last.sequence}.${last.position}` : null }
      actions.push(entryOf(action, shard, sequence))
      bytes += JSON.stringify(action.properties).length
      last = { sequence, position }
    }
    // A record may be large. So other work has its turn before the next one, and no record is held
    // meanwhile.
    await nextTurn()
  }
  return { actions, cursor: null }
}

/** The places before `last`, newest first, grouped by record. */
function placesFrom(
  timeline: readonly number[],
  last: Place | undefined,
): { sequence: number; positions: number[] }[] {
  const records: { sequence: number; positions: number[] }[] = []
  for (let at = timeline.length - 2; at >= 0; at -= 2) {
    const place = { sequence: timeline[at]!, position: timeline[at + 1]! }
    if (last && !isBefore(place, last)) continue
    const record = records.at(-1)
    if (record?.sequence === place.sequence) record.positions.push(place.position)
    else records.push({ sequence: place.sequence, positions: [place.position] })
  }
  return records
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

// Maps Segment's form of an action, as its libraries send it, to ours. Pure: from the parsed body
// and its time of arrival to raw items. The engine checks those like any others.
import { UnreadableItem } from '../../src/ingest/build-batch.ts'
import { LIMITS } from '../../src/limits.ts'
import { parseInstant } from '../../src/model/instant.ts'

export const SEGMENT_TYPES = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const
export type SegmentType = (typeof SEGMENT_TYPES)[number]

type Fields = Record<string, unknown>

/** When the request arrived, and how far the client's clock is behind: `receivedAt - sentAt`. */
interface Arrival {
  receivedAt: number
  skewMs: number
}

/**
 * The body of POST /v1/batch as raw actions; undefined if it has no `batch`. It gives at most one
 * action more than a request may have, which is enough to refuse the request.
 * @param receivedAt epoch ms
 */
export function segmentBatch(body: unknown, receivedAt: number): unknown[] | undefined {
  if (!isFields(body) || !Array.isArray(body.batch)) return undefined
  const { context } = body
  const arrival = arrivalOf(body, receivedAt)
  const items = body.batch.slice(0, LIMITS.requestActionsMax + 1)
  return items.map((item) => segmentItem(item, undefined, context, arrival))
}

/**
 * The body of POST /v1/track and the like as a raw action.
 * @param receivedAt epoch ms
 */
export function segmentCall(body: unknown, type: SegmentType, receivedAt: number): unknown {
  if (!isFields(body)) return new UnreadableItem('the body must be a JSON object')
  return segmentItem(body, type, undefined, arrivalOf(body, receivedAt))
}

/**
 * The place of the mistake in the client's own words: our `/3/occurredAt` is its `/3/timestamp`.
 */
export function segmentPath(path: string): string {
  return path.replace(/^(\/\d+)\/(id|action|occurredAt)(?=\/|$)/, (_all, item: string, field: string) => {
    const theirs = { id: 'messageId', action: 'event', occurredAt: 'timestamp' }[field]
    return `${item}/${theirs}`
  })
}

function segmentItem(
  item: unknown,
  type: SegmentType | undefined,
  batchContext: unknown,
  arrival: Arrival,
): unknown {
  if (!isFields(item)) return new UnreadableItem('an event must be a JSON object')
  const itemType = type ?? item.type
  if (!SEGMENT_TYPES.includes(itemType as SegmentType)) {
    return new UnreadableItem(`type must be one of ${SEGMENT_TYPES.join(', ')}`)
  }
  return {
    id: present(item.messageId),
    userId: idText(item.userId),
    anonymousId: idText(item.anonymousId),
    action: itemType === 'track' ? item.event : itemType,
    occurredAt: occurredAt(item.timestamp ?? item.originalTimestamp, arrival),
    object: objectOf(itemType as SegmentType, item),
    channel: channelOf(item, fieldsOr(item.context), fieldsOr(batchContext)),
    properties: propertiesOf(itemType as SegmentType, item),
  }
}

function arrivalOf(body: Fields, receivedAt: number): Arrival {
  const sentAt = parseInstant(body.sentAt)
  return { receivedAt, skewMs: sentAt === undefined ? 0 : receivedAt - sentAt }
}

/**
 * The client's time, corrected by its clock's error as Segment does. Texts that are no instant stay
 * for the check to refuse.
 */
function occurredAt(timestamp: unknown, { receivedAt, skewMs }: Arrival): unknown {
  if (timestamp === undefined || timestamp === null) return receivedAt
  const at = parseInstant(timestamp)
  return at === undefined ? timestamp : at + skewMs
}

function objectOf(type: SegmentType, item: Fields): unknown {
  if ((type === 'page' || type === 'screen') && present(item.name) !== undefined)
    return { type, id: item.name }
  if (type === 'group' && present(item.groupId) !== undefined) return { type, id: idText(item.groupId) }
  return undefined
}

function propertiesOf(type: SegmentType, item: Fields): unknown {
  if (type === 'alias') return { previousId: item.previousId ?? null }
  if (type === 'identify' || type === 'group') return item.traits
  if (typeof item.category !== 'string' || !isFields(item.properties ?? {})) return item.properties
  return { category: item.category, ...fieldsOr(item.properties) }
}

/**
 * The channel that the client names, else the kind of its device, else its library. An event's
 * context goes before its batch's. Network addresses are never copied.
 */
function channelOf(item: Fields, own: Fields, shared: Fields): unknown {
  return (
    name(item.channel) ??
    name(own.channel ?? shared.channel) ??
    name(fieldsOr(own.device ?? shared.device).type) ??
    name(fieldsOr(own.library ?? shared.library).name)
  )
}

function name(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * For an id that they do not have, Segment's libraries send `""` or null. Older ones send numbers
 * as ids.
 */
function idText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : present(value)
}

function present(value: unknown): unknown {
  return value === '' || value === null ? undefined : value
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsOr(value: unknown): Fields {
  return isFields(value) ? value : {}
}

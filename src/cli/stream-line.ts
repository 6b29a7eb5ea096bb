// How `pulseprint tail` shows an entry of a stream to people: one line with when, who and what.
import { printable } from './printable.ts'

/** Characters of properties or a payload that are shown. */
const JSON_LENGTH_MAX = 120

interface Entry {
  userId?: string
  anonymousId?: string
  /** The time of stage changes and decisions; actions have `occurredAt`. */
  at?: string
  occurredAt?: string
  from?: string
  to?: string
  rule?: string
  payload?: unknown
  action?: string
  object?: { type?: string; id: string }
  channel?: string
  place?: string
  properties?: Record<string, unknown>
}

/** @param data the JSON of an entry */
export function streamLine(stream: string, data: string): string {
  const entry = JSON.parse(data) as Entry
  const { at, occurredAt, userId, anonymousId } = entry
  const time = (at ?? occurredAt ?? '').slice(0, 19).replace('T', ' ')
  const line = [time, userId ?? `anonymous:${anonymousId}`, whatOf(stream, entry)].join('  ')
  return printable(line)
}

function whatOf(stream: string, entry: Entry): string {
  const { from, to, rule, payload, action, object, channel, place, properties } = entry
  if (to !== undefined) return `${from} → ${to}`
  if (rule !== undefined) return words(stream, rule, payload === undefined ? undefined : short(payload))
  const details = properties && Object.keys(properties).length > 0 ? short(properties) : undefined
  return words(action, object?.type, object?.id, channel, place, details)
}

function words(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ')
}

function short(value: unknown): string {
  const json = JSON.stringify(value)
  return json.length <= JSON_LENGTH_MAX ? json : `${json.slice(0, JSON_LENGTH_MAX - 1)}…`
}

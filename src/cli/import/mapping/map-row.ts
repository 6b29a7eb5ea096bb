// One row to one action by the mapping, or the reason why not. Only what the engine cannot tell by
// itself is checked here; the definition's types are its business.
import { ANONYMOUS_PREFIX } from '../../../model/user-id.ts'
import type { Mapping } from './mapping.ts'
import type { Cell, ColumnType, FieldRule } from './mapping-rules.ts'
import { celMessage, type Row } from './row-expression.ts'

export interface MappedAction {
  action: Record<string, unknown>
  user: string
  /** Its time is one that the clocks of the zone left out, and was moved. */
  timeMoved?: boolean
}

/** Why a row is not sent. */
export type NotSent = { skipped: string } | { rejected: LocalCode; message: string }

export type Mapped = MappedAction | NotSent

/** Mistakes found before the engine is asked. */
export type LocalCode = 'MALFORMED_ROW' | 'BAD_VALUE' | 'BAD_TIME' | 'EXPRESSION_FAILED' | 'NO_USER'

export type RowMapper = (row: Row) => Mapped

class BadValue extends Error {}

/** Fields whose value is text in an action, whatever the row holds. */
const TEXT_FIELDS = new Set(['id', 'userId', 'anonymousId', 'action', 'channel', 'place'])

export function createRowMapper(mapping: Mapping): RowMapper {
  const setters = [...mapping.fields].map(([target, rule]) => createSetter(target, rule))
  return (source) => {
    try {
      const row = mapping.trim ? (trimmed(source) as Row) : source
      for (const { when, reason } of mapping.skip) if (when.evaluate(row) === true) return { skipped: reason }
      const action: Record<string, unknown> = { properties: {} }
      let timeMoved = false
      for (const set of setters) set(action, row)
      if (mapping.time) {
        const text = String(cellOf(row, mapping.time.cell) ?? '')
        const reading = mapping.time.reader.read(text)
        if ('problem' in reading) return badTime(mapping.time.cell, text, reading.problem)
        action.occurredAt = reading.at
        timeMoved = reading.moved
      }
      const user = userOf(action)
      return user === undefined
        ? { rejected: 'NO_USER', message: 'neither userId nor anonymousId has a value' }
        : { action, user, timeMoved }
    } catch (error) {
      if (error instanceof BadValue) return { rejected: 'BAD_VALUE', message: error.message }
      return { rejected: 'EXPRESSION_FAILED', message: celMessage(error) }
    }
  }
}

/** The profile a row goes to; undefined if it is not sent, or to nobody. */
export function userIn(mapped: Mapped): string | undefined {
  return 'action' in mapped && mapped.user !== '' ? mapped.user : undefined
}

/** The profile an action goes to; undefined if it names nobody. */
export function userOf({ userId, anonymousId }: Record<string, unknown>): string | undefined {
  if (typeof userId === 'string' && userId !== '') return userId
  return typeof anonymousId === 'string' && anonymousId !== '' ? ANONYMOUS_PREFIX + anonymousId : undefined
}

function badTime({ column }: Cell, text: string, problem: string): NotSent {
  return { rejected: 'BAD_TIME', message: `${column}: "${text.slice(0, 80)}" ${problem}` }
}

/** Every text in it without the blanks around it; itself if there are none, as in most rows. */
function trimmed(value: unknown): unknown {
  if (typeof value === 'string') return value.trim()
  if (typeof value !== 'object' || value === null) return value
  let copy: Row | undefined
  for (const key in value) {
    const before = (value as Row)[key]
    const after = trimmed(before)
    if (after === before) continue
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Row
    copy[key] = after
  }
  return copy ?? value
}

/** The column of that name or, if there is none, what its parts lead to in nested objects. */
function cellOf(row: Row, { column, path }: Cell): unknown {
  if (path.length === 1 || Object.hasOwn(row, column)) return row[column]
  let value: unknown = row
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Row)[part]
  }
  return value
}

function createSetter(target: string, rule: FieldRule): (action: Record<string, unknown>, row: Row) => void {
  const dot = target.indexOf('.')
  const parent = dot < 0 ? undefined : target.slice(0, dot)
  const name = target.slice(dot + 1)
  const wantsText = parent === 'object' || (parent === undefined && TEXT_FIELDS.has(name))
  return (action, row) => {
    const value = readValue(rule, row)
    if (value === undefined) return
    if (parent !== undefined) action[parent] ??= {}
    const holder = parent === undefined ? action : (action[parent] as Record<string, unknown>)
    holder[name] = wantsText && typeof value !== 'object' ? String(value) : value
  }
}

function readValue(rule: FieldRule, row: Row): unknown {
  if (rule.kind === 'value') return rule.value
  if (rule.kind === 'cel') return rule.expression.evaluate(row)
  const value = cellOf(row, rule.cell)
  // An empty cell says nothing: CSV cannot tell an empty text from none.
  if (value === undefined || value === null || value === '') return undefined
  if (rule.type === 'string') return typeof value === 'object' ? value : String(value)
  return typed(rule.cell.column, rule.type, value)
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function typed(column: string, type: ColumnType, value: unknown): number | boolean {
  const text = String(value)
  if (type === 'boolean') {
    if (/^(true|1|yes)$/i.test(text)) return true
    if (/^(false|0|no)$/i.test(text)) return false
  } else if (DECIMAL.test(text)) {
    const number = Number(text)
    if (Number.isFinite(number) && (type === 'number' || Number.isSafeInteger(number))) return number
  }
  const article = type === 'integer' ? 'an' : 'a'
  throw new BadValue(`${column}: "${text.slice(0, 80)}" is not ${article} ${type}`)
}

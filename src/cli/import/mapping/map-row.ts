// One row to one action by the mapping, or the reason why not. Only what the engine cannot tell by
// itself is checked here; the definition's types are its business.
import { ANONYMOUS_PREFIX } from '../../../model/user-id.ts'
import type { Mapping } from './mapping.ts'
import type { ColumnType, FieldRule } from './mapping-rules.ts'
import { celMessage, type Row } from './row-expression.ts'

export interface MappedAction {
  action: Record<string, unknown>
  user: string
}

export type Mapped = MappedAction | { skipped: string } | { rejected: LocalCode; message: string }

/** Mistakes found before the engine is asked. */
export type LocalCode = 'MALFORMED_ROW' | 'BAD_VALUE' | 'BAD_TIME' | 'EXPRESSION_FAILED' | 'NO_USER'

export type RowMapper = (row: Row) => Mapped

class BadValue extends Error {}

/** Fields whose value is text in an action, whatever the row holds. */
const TEXT_FIELDS = new Set(['id', 'userId', 'anonymousId', 'action', 'channel', 'place'])

export function createRowMapper(mapping: Mapping): RowMapper {
  const setters = [...mapping.fields].map(([target, rule]) => createSetter(target, rule))
  return (row) => {
    try {
      for (const { when, reason } of mapping.skip) if (when.evaluate(row) === true) return { skipped: reason }
      const action: Record<string, unknown> = { properties: {} }
      for (const set of setters) set(action, row)
      if (mapping.time) {
        const at = timeOf(mapping.time, row)
        if (typeof at !== 'number') return at
        action.occurredAt = at
      }
      const user = userOf(action)
      return user === undefined
        ? { rejected: 'NO_USER', message: 'neither userId nor anonymousId has a value' }
        : { action, user }
    } catch (error) {
      if (error instanceof BadValue) return { rejected: 'BAD_VALUE', message: error.message }
      return { rejected: 'EXPRESSION_FAILED', message: celMessage(error) }
    }
  }
}

/** The profile an action goes to; undefined if it names nobody. */
export function userOf({ userId, anonymousId }: Record<string, unknown>): string | undefined {
  if (typeof userId === 'string' && userId !== '') return userId
  return typeof anonymousId === 'string' && anonymousId !== '' ? ANONYMOUS_PREFIX + anonymousId : undefined
}

function timeOf({ column, reader }: NonNullable<Mapping['time']>, row: Row): number | Mapped {
  const text = String(row[column] ?? '')
  const at = reader.read(text)
  if (at !== undefined) return at
  return { rejected: 'BAD_TIME', message: `${column}: "${text.slice(0, 80)}" does not fit the format` }
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
  const value = row[rule.column]
  // An empty cell says nothing: CSV cannot tell an empty text from none.
  if (value === undefined || value === null || value === '') return undefined
  if (rule.type === 'string') return typeof value === 'object' ? value : String(value)
  return typed(rule.column, rule.type, value)
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function typed(column: string, type: ColumnType, value: unknown): number | boolean {
  const text = String(value).trim()
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

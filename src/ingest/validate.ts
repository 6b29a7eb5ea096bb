// Turns one item of a request into an action, or says what is wrong with it and where. Anybody may
// have written the JSON, so nothing here trusts the shape of an item.
import type { ActionType, Definition, PropertyKind } from '../definition/definition.ts'
import type { ErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Action, ActionObject } from '../model/action.ts'
import { parseInstant } from '../model/instant.ts'
import { ANONYMOUS_PREFIX, idProblem, userIdProblem } from '../model/user-id.ts'

/**
 * The first mistake of an item. `path` is a JSON pointer inside the item. It has no stack trace,
 * because that would cost more than the check.
 */
export class ItemProblem extends Error {
  readonly code: ErrorCode
  readonly path: string

  constructor(path: string, message: string, code: ErrorCode = 'INVALID_ACTION') {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.path = path
  }
}

type Fields = Record<string, unknown>

/**
 * Checks one raw item. Throws ItemProblem.
 * @param now the engine's clock, epoch ms: the default of occurredAt and the measure of the future
 * limit
 */
export function validateItem(
  definition: Definition,
  item: unknown,
  now: number,
  makeId: () => string,
): Action {
  if (!isPlainObject(item)) throw new ItemProblem('', 'an action must be a JSON object')
  const action = name(item, 'action')
  if (action === undefined) throw new ItemProblem('/action', 'is required: the name of what the user did')
  const type = definition.actions.get(action)
  if (!type && !definition.acceptsAny) {
    throw new ItemProblem(
      '/action',
      `the definition does not know the action "${shown(action)}"`,
      'UNKNOWN_ACTION',
    )
  }
  const anonymousId = id(item, 'anonymousId', idProblem)
  const userId = id(item, 'userId', userIdProblem)
  if (userId === undefined && anonymousId === undefined) {
    throw new ItemProblem('/userId', 'one of userId and anonymousId is required')
  }
  const valid: Action = {
    id: id(item, 'id', idProblem) ?? makeId(),
    user: userId ?? ANONYMOUS_PREFIX + anonymousId,
    action,
    occurredAt: occurredAt(item, now, definition.futureLimitMs),
    properties: properties(item, type),
  }
  if (anonymousId !== undefined && userId !== undefined) valid.anonymousId = anonymousId
  const object = objectOf(item, type)
  if (object) valid.object = object
  const channel = name(item, 'channel')
  if (channel !== undefined) valid.channel = channel
  const place = name(item, 'place')
  if (place !== undefined) valid.place = place
  return valid
}

function isPlainObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A short, printable form of a client's text for messages. */
function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

function id(
  item: Fields,
  field: string,
  problemOf: (text: string) => string | undefined,
): string | undefined {
  const value = item[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new ItemProblem(`/${field}`, 'must be a string')
  const problem = problemOf(value)
  if (problem) throw new ItemProblem(`/${field}`, problem)
  return value
}

function name(item: Fields, field: string): string | undefined {
  const value = item[field]
  if (value === undefined || value === null) return undefined
  return checkedName(value, `/${field}`)
}

function checkedName(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new ItemProblem(path, 'must be a string')
  if (value.length > LIMITS.nameLengthMax) {
    throw new ItemProblem(path, `must be at most ${LIMITS.nameLengthMax} characters`)
  }
  const problem = idProblem(value)
  if (problem) throw new ItemProblem(path, problem)
  return value
}

function occurredAt(item: Fields, now: number, futureLimitMs: number): number {
  const value = item.occurredAt
  if (value === undefined || value === null) return now
  const at = parseInstant(value)
  if (at === undefined) {
    throw new ItemProblem('/occurredAt', 'must be ISO 8601 with a zone, or epoch milliseconds, from 1970 on')
  }
  if (at > now + futureLimitMs) {
    throw new ItemProblem(
      '/occurredAt',
      `is ${Math.round((at - now) / 1000)} s ahead of the engine's clock; the limit is ${futureLimitMs / 1000} s`,
      'IN_THE_FUTURE',
    )
  }
  return at
}

function objectOf(item: Fields, type: ActionType | undefined): ActionObject | undefined {
  const value = item.object
  if (value === undefined || value === null) return undefined
  if (!isPlainObject(value)) throw new ItemProblem('/object', 'must be a JSON object {type, id}')
  if (value.id === undefined || value.id === null) throw new ItemProblem('/object/id', 'is required')
  const objectId = checkedName(value.id, '/object/id')
  const sent =
    value.type === undefined || value.type === null ? undefined : checkedName(value.type, '/object/type')
  if (type?.object !== undefined && sent !== undefined && sent !== type.object) {
    throw new ItemProblem('/object/type', `must be "${type.object}" for the action "${type.name}"`)
  }
  const objectType = sent ?? type?.object
  return objectType === undefined ? { id: objectId } : { type: objectType, id: objectId }
}

function properties(item: Fields, type: ActionType | undefined): Fields {
  const value = item.properties
  if (value !== undefined && value !== null && !isPlainObject(value)) {
    throw new ItemProblem('/properties', 'must be a JSON object')
  }
  const sent = value ?? {}
  const size = checkTree(sent, '/properties', 1)
  if (size > LIMITS.actionBytesMax) {
    throw new ItemProblem('/properties', `an action must be at most ${LIMITS.actionBytesMax} bytes`)
  }
  if (type) checkTypes(sent, type)
  return sent
}

/**
 * Keys that mean something to JavaScript or to the log's encoder, which calls `toJSON` if it finds
 * one.
 */
const FORBIDDEN_KEYS = ['__proto__', 'toJSON']

/**
 * Refuses values that JSON can say and the engine cannot hold. Returns about how many bytes the
 * value takes. It replaces values that the log would give back changed, -0 and halves of surrogate
 * pairs, so that an action is applied now exactly as after a restart.
 */
function checkTree(value: Fields | unknown[], path: string, depth: number): number {
  if (depth > LIMITS.propertiesDepthMax) {
    throw new ItemProblem(path.slice(0, 200), `must nest at most ${LIMITS.propertiesDepthMax} levels deep`)
  }
  // Every element takes two bytes or more, so a list that long is refused without a look at it.
  if (Array.isArray(value) && value.length > LIMITS.actionBytesMax / 2) {
    throw new ItemProblem(path.slice(0, 200), `an action must be at most ${LIMITS.actionBytesMax} bytes`)
  }
  let size = 2
  for (const key of Object.keys(value)) {
    if (FORBIDDEN_KEYS.includes(key)) throw new ItemProblem(`${path}/${key}`, 'this key is not allowed')
    if (!key.isWellFormed()) {
      throw new ItemProblem(`${path}/${pointer(key).toWellFormed()}`, 'must be well-formed Unicode')
    }
    size += key.length + 2
    const inner = (value as Fields)[key]
    switch (typeof inner) {
      case 'string':
        if (!inner.isWellFormed()) (value as Fields)[key] = inner.toWellFormed()
        size += inner.length + 2
        break
      case 'number':
        if (!Number.isFinite(inner))
          throw new ItemProblem(`${path}/${pointer(key)}`, 'is out of the range of a double')
        if (Object.is(inner, -0)) (value as Fields)[key] = 0
        size += 9
        break
      case 'object':
        if (inner !== null) size += checkTree(inner as Fields, `${path}/${pointer(key)}`, depth + 1)
        break
    }
  }
  return size
}

function pointer(key: string): string {
  return shown(key).replaceAll('~', '~0').replaceAll('/', '~1')
}

function checkTypes(sent: Fields, type: ActionType): void {
  for (const { name, kind, required } of type.properties) {
    const value = Object.hasOwn(sent, name) ? sent[name] : undefined
    if (value === undefined || value === null) {
      if (required) throw new ItemProblem(`/properties/${pointer(name)}`, `is required for "${type.name}"`)
    } else if (!isKind(value, kind)) {
      const article = /^[aeiou]/.test(kind) ? 'an' : 'a'
      throw new ItemProblem(`/properties/${pointer(name)}`, `must be ${article} ${kind} for "${type.name}"`)
    }
  }
}

function isKind(value: unknown, kind: PropertyKind): boolean {
  switch (kind) {
    case 'integer':
      return Number.isInteger(value)
    case 'timestamp':
      return parseInstant(value) !== undefined
    case 'list':
      return Array.isArray(value)
    case 'map':
      return isPlainObject(value)
    default:
      return typeof value === kind
  }
}

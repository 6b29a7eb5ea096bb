// The list of raw actions in a body of POST /v1/actions, in whichever form they came.
import { PulseprintError } from '../src/errors.ts'
import { parseJson, parseNdjson } from './json-body.ts'
import { NDJSON_TYPE } from './plugins/bodies.ts'

/** Throws MALFORMED_BODY or, if the JSON is none of the forms, INVALID_REQUEST. */
export function readItems(body: Buffer, contentType: string | undefined): unknown[] {
  if (NDJSON_TYPE.test((contentType as string).toLowerCase())) return parseNdjson(body)
  const parsed = parseJson(body)
  if (Array.isArray(parsed)) return parsed
  if (typeof parsed !== 'object' || parsed === null) {
    throw new PulseprintError(
      'INVALID_REQUEST',
      'the body must be an action, an array of actions or {"actions":[…]}',
    )
  }
  if (!Object.hasOwn(parsed, 'actions')) return [parsed]
  const { actions } = parsed as { actions: unknown }
  if (!Array.isArray(actions)) {
    throw new PulseprintError('INVALID_REQUEST', 'must be an array of actions', { path: '/actions' })
  }
  return actions
}

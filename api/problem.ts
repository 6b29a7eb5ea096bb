// What the client reads when something goes wrong: RFC 9457 problem details made from the error
// registry. It owns which code each of Fastify's own errors becomes. Nothing that a client does may
// end as a 500.
import { Type } from 'typebox'
import { ERRORS, type ErrorCode, PulseprintError } from '../src/errors.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[]

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Where the code is explained: `/docs#CODE`.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Unsafe<ErrorCode>({
      type: 'string',
      enum: ERROR_CODES,
      description: 'Stable; branch on this.',
    }),
    detail: Type.String(),
    path: Type.Optional(Type.String({ description: 'JSON pointer or parameter the mistake is at.' })),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
)

/**
 * Seconds a client should wait when the error itself names none; undefined: no Retry-After header.
 */
const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  OVERLOADED: 1,
  NOT_READY: 2,
  NOT_YET_APPLIED: 1,
  STORAGE_UNAVAILABLE: 5,
  OWNER_UNREACHABLE: 1,
  TOO_STALE: 1,
}

export function retryAfterSeconds(error: PulseprintError): number | undefined {
  return error.retryAfterSeconds ?? RETRY_AFTER_SECONDS[error.code]
}

/** The problem+json text of an error. */
export function problemJson(error: PulseprintError): string {
  const { status, title } = ERRORS[error.code]
  const { code, path } = error
  return JSON.stringify({ type: `/docs#${code}`, title, status, code, detail: error.message, path })
}

/**
 * Fastify's own errors whose status says too little: our code, and our words if its own are not
 * clear.
 */
const OF_FRAMEWORK_ERROR: Record<string, [code: ErrorCode, detail?: string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'the body is over the limit'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'UNSUPPORTED_MEDIA_TYPE',
    'send `Content-Type: application/json`, or `application/x-ndjson` where the route says so',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['MALFORMED_BODY'],
  FST_ERR_BAD_URL: ['INVALID_REQUEST', 'the address is not well percent-encoded'],
  FST_ERR_MAX_PARAM_LENGTH: ['INVALID_REQUEST', 'a part of the address is too long'],
}

/**
 * Any thrown thing as one of our errors. If it is neither ours nor caused by the client, it becomes
 * INTERNAL, without its text.
 */
export function asPulseprintError(error: unknown): PulseprintError {
  if (error instanceof PulseprintError) return error
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string }
  const known = code === undefined ? undefined : OF_FRAMEWORK_ERROR[code]
  if (known) return new PulseprintError(known[0], known[1] ?? String(message))
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new PulseprintError('INVALID_REQUEST', String(message))
  }
  return new PulseprintError('INTERNAL', 'the engine made a mistake; its log says more')
}

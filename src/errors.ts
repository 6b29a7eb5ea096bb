// The registry of error codes: the one place that says which codes exist, what HTTP status each has
// and what it means. Callers branch on the code, never on the text.

export const ERRORS = {
  MALFORMED_BODY: { status: 400, title: 'The body could not be read.' },
  INVALID_REQUEST: { status: 400, title: 'A parameter or field of the request is wrong.' },
  INVALID_ACTION: { status: 422, title: 'An action is wrong.' },
  UNKNOWN_ACTION: { status: 422, title: 'The definition does not know this action.' },
  IN_THE_FUTURE: { status: 422, title: 'occurredAt lies too far in the future.' },
  REFUSED: { status: 422, title: 'The guard of the action did not hold.' },
  TOO_LATE: { status: 422, title: 'The action is older than the lateness limit.' },
  AT_TOO_EARLY: { status: 422, title: "`at` lies before the user's newest action." },
  UNKNOWN_FEATURE: { status: 400, title: 'The definition has no feature, or rule, of this name.' },
  UNAUTHORIZED: { status: 401, title: 'The request carries no valid API key.' },
  FOREIGN_HOST: { status: 421, title: 'The engine does not answer to this host name.' },
  FOREIGN_ORIGIN: { status: 403, title: 'Pages of this origin are not allowed.' },
  UNKNOWN_USER: { status: 404, title: 'No action of this user was ever accepted.' },
  UNKNOWN_SHARD: { status: 404, title: 'There is no shard of this number.' },
  NO_REBUILD: { status: 404, title: 'The owner of the shard has not rebuilt it since it took it over.' },
  UNKNOWN_STREAM: { status: 404, title: 'The definition has no stream of this name.' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address.' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address does not take this method.' },
  CURSOR_TOO_OLD: { status: 410, title: 'Entries after this place in the stream are no longer held.' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive in time.' },
  REBUILD_RUNNING: { status: 409, title: 'The shard is being rebuilt already.' },
  LOG_TRIMMED: { status: 409, title: 'The log no longer reaches back to its start.' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is over the limit.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The content type or encoding is not supported.' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers of the request are over the limit.' },
  OVERLOADED: { status: 429, title: 'The engine is at its limit; nothing was taken. Retry later.' },
  SLOW_READER: { status: 503, title: 'The subscriber took nothing for too long and was cut; it can resume.' },
  NOT_READY: { status: 503, title: 'The engine is starting, stopping or without its storage. Retry later.' },
  NOT_YET_APPLIED: { status: 503, title: 'The shard has not applied its log that far yet. Retry later.' },
  STORAGE_UNAVAILABLE: {
    status: 503,
    title: 'The storage refused or did not answer; no write was acknowledged. Retry later.',
  },
  DATA_DAMAGED: { status: 503, title: 'Stored data is damaged.' },
  STORE_MISMATCH: { status: 500, title: 'What is stored was made with other settings.' },
  INVALID_KEY_FILE: { status: 500, title: 'The file of API keys is wrong.' },
  DATA_FOLDER_IN_USE: { status: 500, title: 'Another process has the data folder open.' },
  NOT_OWNER: { status: 503, title: 'This node does not run the shard, or no longer. Retry.' },
  OWNER_UNREACHABLE: { status: 503, title: 'The node that runs the shard does not answer. Retry later.' },
  TOO_STALE: {
    status: 503,
    title: 'The owner does not answer, and the snapshot is older than maxStaleness.',
  },
  PEER_LOST: {
    status: 503,
    title: 'A node was lost that was asked; it may have done it or not. Retry later.',
  },
  FENCED: { status: 503, title: 'A newer owner has taken the shard over.' },
  NODE_NAME_IN_USE: { status: 500, title: 'A living node of the cluster has this name.' },
  CLOCK_SKEW: { status: 500, title: "The machine's clock differs from that of the NATS servers." },
  DEFINITION_MISMATCH: { status: 500, title: 'The cluster runs another definition.' },
  INTERNAL: { status: 500, title: 'The engine made a mistake.' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERRORS

/**
 * An expected failure, with its code. `path` points to the mistake; `retryAfterSeconds` goes into
 * the header.
 */
export class PulseprintError extends Error {
  readonly code: ErrorCode
  readonly path: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, details: { path?: string; retryAfterSeconds?: number } = {}) {
    super(message)
    this.name = 'PulseprintError'
    this.code = code
    this.path = details.path
    this.retryAfterSeconds = details.retryAfterSeconds
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}

/** True if the shard has another owner by now. */
export function isFenced(error: unknown): boolean {
  return error instanceof PulseprintError && error.code === 'FENCED'
}

/** True if data read from a store differs from what was written. */
export function isDamaged(error: unknown): boolean {
  return error instanceof PulseprintError && error.code === 'DATA_DAMAGED'
}

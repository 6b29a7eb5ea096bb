// Reads JSON and NDJSON bodies. It refuses bytes that are not UTF-8: if they were replaced, they
// would name other users.
import { PulseprintError } from '../src/errors.ts'
import { UnreadableItem } from '../src/ingest/build-batch.ts'
import { LIMITS } from '../src/limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })
const NEWLINE = 10
const BLANK = ' '.charCodeAt(0)
const QUOTE = '"'.charCodeAt(0)
const BACKSLASH = '\\'.charCodeAt(0)
const COMMA = ','.charCodeAt(0)
const COLON = ':'.charCodeAt(0)
const BRACKET = '['.charCodeAt(0)
const BRACE = '{'.charCodeAt(0)
/** A smaller body cannot hold a thread for long, whatever is in it. */
const COUNTED_FROM_BYTES = 1024 * 1024

/** The value of a JSON body. Throws MALFORMED_BODY or BODY_TOO_LARGE. */
export function parseJson(bytes: Buffer): unknown {
  checkValues(bytes)
  try {
    return JSON.parse(decode(bytes))
  } catch (error) {
    throw new PulseprintError('MALFORMED_BODY', (error as Error).message)
  }
}

/**
 * One item per line that is not blank. A line that is not JSON becomes an UnreadableItem and spoils
 * no other. It reads one item more than a request may have, which is enough to refuse the request.
 * Errors: BODY_TOO_LARGE.
 */
export function parseNdjson(bytes: Buffer): unknown[] {
  checkValues(bytes)
  const items: unknown[] = []
  let line = 1
  for (let at = 0; at < bytes.length && items.length <= LIMITS.requestActionsMax; ) {
    const byte = bytes[at] as number
    // A call for each of millions of blank lines would cost too much.
    if (byte <= BLANK) {
      if (byte === NEWLINE) line++
      at++
      continue
    }
    const newline = bytes.indexOf(NEWLINE, at)
    const end = newline < 0 ? bytes.length : newline
    items.push(parseLine(bytes.subarray(at, end), line))
    at = end
  }
  return items
}

function parseLine(bytes: Buffer, line: number): unknown {
  try {
    return JSON.parse(decode(bytes))
  } catch (error) {
    return new UnreadableItem(`line ${line}: ${(error as Error).message}`)
  }
}

/**
 * Counts what makes JSON slow to parse: the places where an object, an array, a member or an
 * element begins. Sixteen million nested arrays would hold a thread for seconds.
 */
function checkValues(bytes: Buffer): void {
  if (bytes.length < COUNTED_FROM_BYTES) return
  let values = 0
  let inText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inText) {
      if (byte === BACKSLASH) at++
      // No JSON text crosses a line end, so the count is right again at the next line of NDJSON.
      else if (byte === QUOTE || byte === NEWLINE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (byte === COMMA || byte === COLON || byte === BRACKET || byte === BRACE) values++
  }
  if (values <= LIMITS.bodyValuesMax) return
  throw new PulseprintError(
    'BODY_TOO_LARGE',
    `a body may have ${LIMITS.bodyValuesMax} commas, colons and opening brackets; this has ${values}`,
  )
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Error('it is not valid UTF-8')
  }
}

// Reads JSON and NDJSON bodies. Bytes that are not UTF-8 are refused: replaced, they would count as
// other users.
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
/** A smaller body cannot hold a thread for long, whatever it holds. */
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
 * One item per line that is not blank; a line that is not JSON becomes an UnreadableItem and spoils
 * no other. Reads one item more than a request may have, which is enough to refuse it. Throws
 * BODY_TOO_LARGE.
 */
export function parseNdjson(bytes: Buffer): unknown[] {
  checkValues(bytes)
  const items: unknown[] = []
  let line = 1
  for (let at = 0; at < bytes.length && items.length <= LIMITS.requestActionsMax; ) {
    const byte = bytes[at] as number
    // Millions of blank lines must not cost a call each.
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
      // No text of JSON goes over a line end: the next line of NDJSON is counted right again.
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

// Reads JSON and NDJSON bodies. Bytes that are not UTF-8 are refused: replaced, they would count as
// other users.
import { PulseprintError } from '../src/errors.ts'
import { UnreadableItem } from '../src/ingest/build-batch.ts'
import { LIMITS } from '../src/limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })
const NEWLINE = 10

/** The value of a JSON body. Throws MALFORMED_BODY. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(decode(bytes))
  } catch (error) {
    throw new PulseprintError('MALFORMED_BODY', (error as Error).message)
  }
}

/**
 * One item per line that is not blank; a line that is not JSON becomes an UnreadableItem and spoils
 * no other. Reads one item more than a request may have, which is enough to refuse it: millions of
 * short lines would take minutes.
 */
export function parseNdjson(bytes: Buffer): unknown[] {
  const items: unknown[] = []
  let start = 0
  for (let line = 1; start < bytes.length && items.length <= LIMITS.requestActionsMax; line++) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    const item = parseLine(bytes.subarray(start, end), line)
    if (item !== undefined) items.push(item)
    start = end + 1
  }
  return items
}

function parseLine(bytes: Buffer, line: number): unknown {
  try {
    const text = decode(bytes)
    return text.trim() === '' ? undefined : JSON.parse(text)
  } catch (error) {
    return new UnreadableItem(`line ${line}: ${(error as Error).message}`)
  }
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Error('it is not valid UTF-8')
  }
}

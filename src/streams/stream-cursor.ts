// A subscriber's place in a stream as text. `number` means that everything up to that item is
// taken; `number.index`, up to that entry of the item. It is the id of each server-sent event.
import { PulseprintError } from '../errors.ts'

export interface StreamCursor {
  number: number
  /** Index of the last entry taken of the item; undefined: all entries. */
  index: number | undefined
}

/** Errors: INVALID_REQUEST, at `path`, if the text is no cursor. */
export function parseCursor(text: string, path: string): StreamCursor {
  const [, digits, index] = /^(\d{1,16})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  const number = Number(digits)
  if (!Number.isSafeInteger(number)) {
    throw new PulseprintError('INVALID_REQUEST', 'is not a cursor that this engine gave', { path })
  }
  return { number, index: index === undefined ? undefined : Number(index) }
}

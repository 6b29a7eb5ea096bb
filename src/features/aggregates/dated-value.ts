// What first and last share: one value of any JSON kind and when it occurred. State: the instant,
// the kind of the value, and then the number, or the bytes of a text and the text.
import type { Value } from '../../model/value.ts'
import type { Numbers, Section } from '../../numbers/section.ts'
import { putText, textAt, textBytes, textNumbers } from '../../numbers/text.ts'
import type { Aggregate } from '../aggregate.ts'

/** UTF-16 units of a text, or of the JSON of a list or object. */
const KEPT_LENGTH_MAX = 1_024

const NUMBER = 0
const TEXT = 1
const JSON_TEXT = 2

/** Where the state stands whose value wins; -1 if there is none. */
type Place = number

/**
 * @param replaces true if a value accepted later, of instant `later`, replaces one of instant
 * `earlier`
 */
export function datedValue(replaces: (later: number, earlier: number) => boolean): Aggregate<Place> {
  return {
    add(state, value, at) {
      if (state.length > 0 && !replaces(at, state.numbers[state.start]!)) return
      if (typeof value === 'number') putHead(state, at, NUMBER, value, 0)
      else {
        const text = typeof value === 'string' ? value.slice(0, KEPT_LENGTH_MAX) : JSON.stringify(value)
        if (text.length <= KEPT_LENGTH_MAX)
          putTextState(state, at, typeof value === 'string' ? TEXT : JSON_TEXT, text)
      }
    },
    none: -1,
    withEarlier: (total, numbers, start) =>
      total < 0 || !replaces(numbers[total]!, numbers[start]!) ? start : total,
    value: (total, numbers) => (total < 0 ? null : valueAt(numbers, total)),
  }
}

/**
 * Half a surrogate pair has no UTF-8 form. It is replaced now, so that storing changes nothing.
 */
function putTextState(state: Section, at: number, kind: number, text: string): void {
  const wellFormed = text.toWellFormed()
  const bytes = textBytes(wellFormed)
  putHead(state, at, kind, bytes, textNumbers(bytes))
  putText(wellFormed, state.numbers, state.end - textNumbers(bytes))
}

/** Writes what every state begins with, and makes room for `more` numbers after it. */
function putHead(state: Section, at: number, kind: number, third: number, more: number): void {
  const { start } = state
  const change = 3 + more - state.length
  if (change > 0) state.insert(start, change)
  else state.remove(start, -change)
  const { numbers } = state
  numbers[start] = at
  numbers[start + 1] = kind
  numbers[start + 2] = third
}

function valueAt(numbers: Numbers, start: number): Value {
  const [kind, third] = [numbers[start + 1]!, numbers[start + 2]!]
  if (kind === NUMBER) return third
  const text = textAt(numbers, start + 3, third)
  return kind === TEXT ? text : (JSON.parse(text) as Value)
}

// The names of the actions that a user has done, in the order of their first. A declared one is its
// place in the definition. Any other is a hash, the bytes of the text, and the text: a negative
// number of bytes, so that the two can be told apart.
import { hash53 } from '../model/hash.ts'
import type { Section } from '../numbers/section.ts'
import { putText, textAt, textBytes, textNumbers } from '../numbers/text.ts'

/** What an undeclared name has before its text. */
const HEAD = 2

/** How many numbers the name takes that begins at `at`. */
function lengthAt(numbers: readonly number[], at: number): number {
  const first = numbers[at]!
  return first < 0 ? HEAD + textNumbers(-first) : 1
}

/**
 * The index of the name among the user's names; -1 if it is none.
 * @param declared place in the definition; -1 if it is not declared
 */
export function indexOfName({ numbers, start, end }: Section, name: string, declared: number): number {
  const hash = declared < 0 ? hash53(name) : 0
  let index = 0
  for (let at = start; at < end; at += lengthAt(numbers, at)) {
    const first = numbers[at]!
    if (declared < 0 ? first < 0 && numbers[at + 1] === hash : first === declared) return index
    index++
  }
  return -1
}

/** How many names there are. */
export function countNames({ numbers, start, end }: Section): number {
  let count = 0
  for (let at = start; at < end; at += lengthAt(numbers, at)) count++
  return count
}

/** Adds a name that is none of them yet. */
export function addName(names: Section, name: string, declared: number): void {
  const { end } = names
  if (declared >= 0) {
    names.insert(end, 1)
    names.numbers[end] = declared
    return
  }
  const bytes = textBytes(name)
  names.insert(end, HEAD + textNumbers(bytes))
  names.numbers[end] = -bytes
  names.numbers[end + 1] = hash53(name)
  putText(name, names.numbers, end + HEAD)
}

/** The names as texts. @param declared names of the declared actions, by place */
export function namesIn({ numbers, start, end }: Section, declared: readonly string[]): string[] {
  const names: string[] = []
  for (let at = start; at < end; at += lengthAt(numbers, at)) {
    const first = numbers[at]!
    names.push(first < 0 ? textAt(numbers, at + HEAD, -first) : declared[first]!)
  }
  return names
}

// One state of an operator or an aggregate for a test, among the sections of other states. They must
// keep what they hold.
import { expect } from 'vitest'
import { Reader, Writer } from '../../src/numbers/codec.ts'
import { emptySections, Section, sectionOf } from '../../src/numbers/section.ts'

const SECTIONS = 3
const OWN = 1
const NEIGHBOUR = [17, 0.5]

export class TestState {
  numbers = emptySections(SECTIONS)

  constructor() {
    for (const index of [0, 2]) {
      const section = new Section().select(this, index)
      section.insert(section.start, NEIGHBOUR.length)
      for (const [place, number] of NEIGHBOUR.entries()) section.numbers[section.start + place] = number
    }
  }

  /** Looks at the state anew. */
  get section(): Section {
    return new Section().select(this, OWN)
  }

  /** The numbers of the state, after a look at its neighbours. */
  get own(): number[] {
    for (const index of [0, 2]) expect(sectionOf(this, index)).toEqual(NEIGHBOUR)
    return sectionOf(this, OWN)
  }

  get isEmpty(): boolean {
    return this.own.length === 0
  }

  /** The bytes of the state and its neighbours. */
  get stored(): Buffer {
    const writer = new Writer()
    writer.sections(this.numbers)
    return writer.take()
  }

  /** Stores the state and loads it again. */
  reload(): void {
    const bytes = this.stored
    const reader = new Reader(bytes)
    const numbers = reader.sections(SECTIONS)
    expect(reader.done).toBe(true)
    const before = this.own
    this.numbers = numbers
    expect(this.own).toEqual(before)
    expect(this.stored.equals(bytes)).toBe(true)
  }
}

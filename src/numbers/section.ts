// Many short lists of numbers in one array, so that a user is one object and not thirty: the
// collector has nothing to walk, the numbers lie side by side in the cache, and saving copies them.
// The array begins with a directory: where each section starts, and after them where the last one
// ends. The sections follow in its order. What stands behind the last is spare room.

export type Numbers = number[]

/** Whoever keeps the numbers. A section that grows may give it a longer array. */
export interface Numbered {
  numbers: Numbers
}

/**
 * V8 keeps doubles flat in an array that began with one, and code that sees no other arrays makes no
 * object of a number it reads. So all arrays here are copies of this one.
 */
const ZEROS: readonly number[] = flatZeros(1_024)
/** Spare room that numbers get when they have none left: so many, and a share of what they are. */
const ROOM = 8
const ROOM_SHARE = 1 / 4
/** Spare room comes in multiples of so many, each made once. */
const ROOM_STEP = 8
const rooms: Numbers[] = []
/** More spare room than twice the numbers is given back, unless it is as little as this. */
const SPARE_KEPT = 64
/** More numbers than this are moved faster by the array itself. */
const MOVED_ONE_BY_ONE = 128

/** Exactly so many zeros. */
export function zeros(length: number): Numbers {
  const numbers = ZEROS.slice(0, length)
  while (numbers.length < length) numbers.push(0)
  return numbers
}

/** So many sections, all empty. */
export function emptySections(sections: number): Numbers {
  const numbers = zeros(sections + 1)
  for (let index = 0; index <= sections; index++) numbers[index] = sections + 1
  return numbers
}

/** How many numbers the directory and the sections have, without spare room. */
export function lengthOf(numbers: Numbers): number {
  return numbers[numbers[0]! - 1]!
}

/** A copy of one section. */
export function sectionOf({ numbers }: Numbered, index: number): number[] {
  return numbers.slice(numbers[index], numbers[index + 1])
}

/** Looks at one section, or a part of it, and lets it grow or shrink. One serves for many users. */
export class Section {
  numbers: Numbers = []
  /** The numbers from `start` to before `end` are looked at. */
  start = 0
  end = 0
  #holder: Numbered = { numbers: [] }
  #index = 0

  /** Looks at a whole section. What it looked at before is forgotten. */
  select(holder: Numbered, index: number): this {
    const { numbers } = holder
    this.#holder = holder
    this.#index = index
    this.numbers = numbers
    this.start = numbers[index]!
    this.end = numbers[index + 1]!
    return this
  }

  /** Looks at a part of another section. After it grew or shrank, the other has to look `again`. */
  within(whole: Section, start: number, end: number): this {
    this.#holder = whole.#holder
    this.#index = whole.#index
    this.numbers = whole.numbers
    this.start = start
    this.end = end
    return this
  }

  /** Looks at its whole section as it is now. */
  again(): this {
    return this.select(this.#holder, this.#index)
  }

  get length(): number {
    return this.end - this.start
  }

  /** Moves what is at `place` and after it, so that `count` numbers of any value stand there. */
  insert(place: number, count: number): void {
    let { numbers } = this
    const length = lengthOf(numbers)
    if (length + count > numbers.length) {
      numbers = numbers.concat(roomFor(Math.max(count, ROOM + length * ROOM_SHARE)))
      this.#keep(numbers)
    }
    if (length - place > MOVED_ONE_BY_ONE) moveBehind(numbers, place, count)
    else for (let at = length - 1; at >= place; at--) numbers[at + count] = numbers[at]!
    this.#shift(count)
  }

  /** Takes out `count` numbers from `place` on. */
  remove(place: number, count: number): void {
    if (count === 0) return
    const { numbers } = this
    const length = lengthOf(numbers)
    for (let at = place + count; at < length; at++) numbers[at - count] = numbers[at]!
    this.#shift(-count)
    if (numbers.length > SPARE_KEPT + 2 * (length - count)) this.#keep(numbers.slice(0, length - count))
  }

  #shift(count: number): void {
    const { numbers } = this
    const sections = numbers[0]!
    for (let index = this.#index + 1; index < sections; index++) numbers[index]! += count
    this.end += count
  }

  #keep(numbers: Numbers): void {
    this.numbers = numbers
    this.#holder.numbers = numbers
  }
}

/** Moves all that is at `place` and after it. As much spare room goes. */
function moveBehind(numbers: Numbers, place: number, count: number): void {
  numbers.length -= count
  if (count === 1) numbers.splice(place, 0, 0)
  else if (count === 2) numbers.splice(place, 0, 0, 0)
  else numbers.splice(place, 0, ...zeros(count))
}

/** At least so many zeros, to be copied and not kept. */
function roomFor(length: number): readonly number[] {
  const steps = Math.ceil(length / ROOM_STEP)
  if (steps * ROOM_STEP > ZEROS.length) return zeros(length)
  rooms[steps] ??= zeros(steps * ROOM_STEP)
  return rooms[steps]
}

function flatZeros(length: number): number[] {
  const numbers = [0.5]
  numbers[0] = 0
  while (numbers.length < length) numbers.push(0)
  return numbers
}

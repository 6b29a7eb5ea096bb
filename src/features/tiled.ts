// Windows over any aggregate. It keeps one state per tile; the value of a window is the total of
// its tiles. The tiles stand in their order. Each is its state and then one number, its foot, which
// says which tile it is and how long its state is. A window is always the end of the list, and so is
// what the next action touches: both are reached by walking back from foot to foot.
import type { Value } from '../model/value.ts'
import type { Section } from '../numbers/section.ts'
import type { Aggregate } from './aggregate.ts'
import type { Operator } from './operator.ts'

/** A foot is the tile times this, plus the length of its state. */
const LENGTHS = 1_024

function tileOf(foot: number): number {
  return Math.floor(foot / LENGTHS)
}

/** Where the state begins whose foot stands at `at`. */
function stateOf(numbers: readonly number[], at: number): number {
  const foot = numbers[at]!
  return at - (foot - tileOf(foot) * LENGTHS)
}

/** Where the tiles from `tile` on begin. */
function placeFrom({ numbers, start, end }: Section, tile: number): number {
  let place = end
  while (place > start && tileOf(numbers[place - 1]!) >= tile) place = stateOf(numbers, place - 1)
  return place
}

export function tiled<Total>(aggregate: Aggregate<Total>): Operator {
  function totalFrom({ numbers, start, end }: Section, fromTile: number): Total {
    let total = aggregate.none
    for (let after = end; after > start; ) {
      if (tileOf(numbers[after - 1]!) < fromTile) break
      const first = stateOf(numbers, after - 1)
      total = aggregate.withEarlier(total, numbers, first, after - 1)
      after = first
    }
    return total
  }

  return {
    add(section, value, at, tile) {
      const after = placeFrom(section, tile + 1)
      const isKnown = after > section.start && tileOf(section.numbers[after - 1]!) === tile
      if (!isKnown) section.insert(after, 1)
      section.end = isKnown ? after - 1 : after
      section.start = isKnown ? stateOf(section.numbers, after - 1) : after
      aggregate.add(section, value, at)
      if (section.length > 0) section.numbers[section.end] = tile * LENGTHS + section.length
      else section.remove(section.end, 1)
    },
    prune(section, firstTile) {
      const { start } = section
      section.remove(start, placeFrom(section, firstTile) - start)
    },
    value: (section, fromTile) => aggregate.value(totalFrom(section, fromTile), section.numbers),
    ...(aggregate.error && {
      error: (section: Section, fromTile: number) => aggregate.error!(totalFrom(section, fromTile)),
    }),
    oldest(section, fromTile) {
      const { numbers, start } = section
      let oldest: number | undefined
      for (let after = section.end; after > start; after = stateOf(numbers, after - 1)) {
        const tile = tileOf(numbers[after - 1]!)
        if (tile < fromTile) break
        oldest = tile
      }
      return oldest
    },
    tiles(section, fromTile) {
      const { numbers, start } = section
      const found: [number, Value][] = []
      for (let after = section.end; after > start; after = stateOf(numbers, after - 1)) {
        const tile = tileOf(numbers[after - 1]!)
        if (tile < fromTile) break
        const total = aggregate.withEarlier(aggregate.none, numbers, stateOf(numbers, after - 1), after - 1)
        found.push([tile, aggregate.value(total, numbers)])
      }
      return found.reverse()
    },
  }
}

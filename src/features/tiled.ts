// Windows over any aggregate. It keeps one state per tile; the value of a window is the merge of
// its tiles.
import { inserted } from '../model/lean-array.ts'
import type { Value } from '../model/value.ts'
import type { Aggregate } from './aggregate.ts'
import type { Operator } from './operator.ts'

/**
 * Tiles and their states in turn, tiles increasing. One array is the leanest form in JavaScript.
 */
type Tiles<State> = (number | State)[] | null

export function tiled<State>(aggregate: Aggregate<State>): Operator<Tiles<State>> {
  return {
    empty: () => null,
    add(tiles, value, at, tile) {
      const found = tiles ? position(tiles, tile) : 0
      if (tiles?.[found] === tile) {
        tiles[found + 1] = aggregate.add(tiles[found + 1] as State, value, at)
        return tiles
      }
      const state = aggregate.add(aggregate.empty, value, at)
      if (aggregate.isEmpty(state)) return tiles
      return tiles ? inserted(tiles, found, [tile, state]) : [tile, state]
    },
    prune(tiles, firstTile) {
      if (!tiles || (tiles[0] as number) >= firstTile) return tiles
      const kept = position(tiles, firstTile)
      return kept === tiles.length ? null : tiles.slice(kept)
    },
    value(tiles, fromTile) {
      let merged = aggregate.empty
      if (tiles) {
        for (let at = position(tiles, fromTile); at < tiles.length; at += 2) {
          merged = aggregate.merge(merged, tiles[at + 1] as State)
        }
      }
      return aggregate.value(merged)
    },
    oldest(tiles, fromTile) {
      if (!tiles) return undefined
      const at = position(tiles, fromTile)
      return at === tiles.length ? undefined : (tiles[at] as number)
    },
    tiles(tiles, fromTile) {
      const found: [number, Value][] = []
      if (!tiles) return found
      for (let at = position(tiles, fromTile); at < tiles.length; at += 2) {
        found.push([tiles[at] as number, aggregate.value(tiles[at + 1] as State)])
      }
      return found
    },
    isEmpty: (tiles) => tiles === null,
    encode(tiles, to) {
      to.varint(tiles!.length / 2)
      let before = 0
      for (let at = 0; at < tiles!.length; at += 2) {
        const tile = tiles![at] as number
        if (at === 0) to.signed(tile)
        else to.varint(tile - before)
        aggregate.encode(tiles![at + 1] as State, to)
        before = tile
      }
    },
    decode(from) {
      const tiles: (number | State)[] = []
      const count = from.varint()
      let tile = from.signed()
      for (let read = 0; read < count; read += 1) {
        if (read > 0) tile += from.varint()
        tiles.push(tile, aggregate.decode(from))
      }
      return tiles.slice()
    },
  }
}

/** Index of the first tile at or after `tile`. It checks the newest tile, the usual one, first. */
function position(tiles: readonly unknown[], tile: number): number {
  const newest = tiles.length - 2
  if (tile > (tiles[newest] as number)) return tiles.length
  let low = 0
  let high = newest / 2
  if (tile === tiles[newest]) return newest
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((tiles[middle * 2] as number) < tile) low = middle + 1
    else high = middle
  }
  return low * 2
}

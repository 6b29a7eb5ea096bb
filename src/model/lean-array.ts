// Arrays that grow a little at a time, of which a node holds millions. A short one is copied when it
// grows, so it keeps no spare room; a long one grows in place.

/** Idle users have shorter arrays. */
const COPY_LENGTH_MAX = 32

/** The array with the items at its end: the same array, or a copy of exactly the size. */
export function appended<Item>(array: Item[], items: readonly Item[]): Item[] {
  if (array.length <= COPY_LENGTH_MAX) return array.concat(items)
  array.push(...items)
  return array
}

/** The array with the items at the place: the same array, or a copy of exactly the size. */
export function inserted<Item>(array: Item[], place: number, items: readonly Item[]): Item[] {
  if (place === array.length) return appended(array, items)
  if (array.length <= COPY_LENGTH_MAX) return array.slice(0, place).concat(items, array.slice(place))
  array.splice(place, 0, ...items)
  return array
}

// Which windows a condition without `on` may read. The condition is tried again whenever a tile
// leaves one of them, also if a year passes at once.
import type { Window } from '../model/window.ts'
import { BOUNDS } from './bounds.ts'

/** What is wrong with watching a feature; undefined if nothing is. */
export function tooManyTiles(
  feature: string,
  window: Window | undefined,
): { message: string; hint: string } | undefined {
  if (window?.kind !== 'rolling' || window.count <= BOUNDS.conditionTilesMax) return undefined
  const { unit, count } = window
  const [shorter, longer] = unit === 'minute' ? (['m', 'h'] as const) : (['h', 'd'] as const)
  const example = unit === 'minute' ? '`25h` instead of `1500m`' : '`50d` instead of `1200h`'
  return {
    message: `\`features.${feature}\` looks back ${count}${shorter}, too finely to be watched without \`on\``,
    hint: `At most ${BOUNDS.conditionTilesMax}${shorter} are allowed here; write the window in \`${longer}\`, ${example}.`,
  }
}

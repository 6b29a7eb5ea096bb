// Which action ids a user's profile has seen lately. An id is remembered by a 53-bit hash: with the
// bound of 1,000 ids per user, a new id is taken for an old one about once in 10^13 actions.
import { LIMITS } from '../limits.ts'
import type { Section } from '../numbers/section.ts'

/** Entries beyond the bound before the oldest are cut. So most actions cut nothing. */
const SLACK = 128

/** True if the id was seen within the window before `receivedAt`. Times are epoch milliseconds. */
export function isRemembered(
  { numbers, start, end }: Section,
  idHash: number,
  receivedAt: number,
  windowMs: number,
): boolean {
  const oldest = Math.floor((receivedAt - windowMs) / 1000)
  for (let at = end - 2; at >= start; at -= 2) {
    if (numbers[at] === idHash && numbers[at + 1]! >= oldest) return true
  }
  return false
}

/** Adds the id, and forgets ids that are older than the window or over the bound. */
export function remember(remembered: Section, idHash: number, receivedAt: number, windowMs: number): void {
  forget(remembered, Math.floor((receivedAt - windowMs) / 1000))
  const { end } = remembered
  remembered.insert(end, 2)
  remembered.numbers[end] = idHash
  remembered.numbers[end + 1] = Math.floor(receivedAt / 1000)
}

/** Leaves room for one more. */
function forget(remembered: Section, oldest: number): void {
  const { numbers, start, end, length } = remembered
  let kept = start
  while (kept < end && numbers[kept + 1]! < oldest) kept += 2
  if (length / 2 >= LIMITS.rememberedIdsMax + SLACK)
    kept = Math.max(kept, end + 2 - 2 * LIMITS.rememberedIdsMax)
  if (kept > start) remembered.remove(start, kept - start)
}

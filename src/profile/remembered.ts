// Which action ids a user's profile has seen lately. An id is remembered by a 53-bit hash: with the
// bound of 1,000 ids per user, a new id is taken for an old one about once in 10^13 actions.
import { LIMITS } from '../limits.ts'
import { appended } from '../model/lean-array.ts'
import type { Remembered } from './profile.ts'

/** Entries beyond the bound before the oldest are cut. So most actions cut nothing. */
const SLACK = 128

/** True if the id was seen within the window before `receivedAt`. Times are epoch milliseconds. */
export function isRemembered(
  remembered: Remembered,
  idHash: number,
  receivedAt: number,
  windowMs: number,
): boolean {
  const oldest = Math.floor((receivedAt - windowMs) / 1000)
  for (let at = remembered.length - 2; at >= 0; at -= 2) {
    if (remembered[at] === idHash && (remembered[at + 1] as number) >= oldest) return true
  }
  return false
}

/** The list with the id added, and without ids that are older than the window or over the bound. */
export function remember(
  remembered: Remembered,
  idHash: number,
  receivedAt: number,
  windowMs: number,
): Remembered {
  const longer = appended(remembered, [idHash, Math.floor(receivedAt / 1000)])
  forget(longer, Math.floor((receivedAt - windowMs) / 1000))
  return longer
}

function forget(remembered: Remembered, oldest: number): void {
  let expired = 0
  while (expired < remembered.length && (remembered[expired + 1] as number) < oldest) expired += 2
  const surplus = remembered.length / 2 > LIMITS.rememberedIdsMax + SLACK
  const cut = surplus ? Math.max(expired, remembered.length - LIMITS.rememberedIdsMax * 2) : expired
  if (cut > 0) remembered.splice(0, cut)
}

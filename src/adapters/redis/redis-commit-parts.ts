// Splits a commit into parts, so that no part keeps Redis busy for long, and gives the arguments of
// each part's call.
import type { StoredProfile } from '../../snapshots/snapshot-store.ts'

/** Profiles in one call: well below what Lua can unpack at once. */
const CALL_PROFILES_MAX = 1_000
/** A call takes no more profiles after so many bytes, because Redis does nothing else meanwhile. */
const CALL_BYTES_MAX = 4 * 1024 * 1024

/** At least one part, which may be empty. */
export function inParts(profiles: readonly StoredProfile[]): StoredProfile[][] {
  let part: StoredProfile[] = []
  let bytes = 0
  const parts = [part]
  for (const profile of profiles) {
    if (part.length === CALL_PROFILES_MAX || bytes >= CALL_BYTES_MAX) {
      part = []
      bytes = 0
      parts.push(part)
    }
    part.push(profile)
    bytes += profile.bytes.length
  }
  return parts
}

/** As the script COMMIT takes them, behind the first five. */
export function profileArguments(profiles: readonly StoredProfile[]): (string | number | Uint8Array)[] {
  const waking = profiles.filter(({ wakeAt }) => Number.isFinite(wakeAt))
  const sleeping = profiles.filter(({ wakeAt }) => !Number.isFinite(wakeAt))
  return [
    profiles.length,
    waking.length,
    ...profiles.flatMap(({ user, bytes }) => [user, bytes]),
    ...waking.flatMap(({ wakeAt, user }) => [wakeAt, user]),
    ...sleeping.map(({ user }) => user),
  ]
}

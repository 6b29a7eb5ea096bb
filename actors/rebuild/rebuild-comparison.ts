// Compares users' profiles with those computed anew, byte for byte, and replaces each one that
// differs.
import type { Definition } from '../../src/definition/definition.ts'
import { differences } from '../../src/profile/differences.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../src/profile/profile-codec.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { RebuildView } from '../../src/views/views.ts'
import type { LiveShard } from './live-shard.ts'

/** The view names at most so many users with what differed. */
const SAMPLES_MAX = 10
const NEVER = Number.POSITIVE_INFINITY

/** A user whose stored profile was not loaded yet. */
interface Look {
  user: string
  rebuilt: Profile
  /** Last record in the rebuilt profile at that time. */
  sequence: number
  /** True if the store had all changes of the user. */
  saved: boolean
}

export class RebuildComparison {
  readonly #live: LiveShard
  readonly #snapshots: SnapshotStore
  readonly #view: RebuildView

  /** @param view counts what is found */
  constructor(live: LiveShard, snapshots: SnapshotStore, view: RebuildView) {
    this.#live = live
    this.#snapshots = snapshots
    this.#view = view
  }

  /**
   * Compares a few users and takes them out of `rebuilt`. Users that changed meanwhile stay, so
   * that they are compared again.
   * @param rebuilt profiles up to the record that the shard has applied
   */
  async compare(rebuilt: Map<string, Profile>, users: readonly string[]): Promise<void> {
    const looks = users.map((user) => this.#look(user, rebuilt.get(user)!))
    const stored = await this.#snapshots.load(this.#live.shard, users)
    await this.#live.between(() => {
      for (const [index, look] of looks.entries()) {
        if (this.#settle(look, stored[index])) rebuilt.delete(look.user)
      }
    })
  }

  #look(user: string, rebuilt: Profile): Look {
    const hot = this.#live.users.get(user)
    const saved = !hot || (!hot.dirty && !hot.saving)
    return { user, rebuilt, sequence: rebuilt.sequence, saved }
  }

  /** False if the loaded profile is too old to tell. */
  #settle({ user, rebuilt, sequence, saved }: Look, stored: Buffer | undefined): boolean {
    const { definition } = this.#live.fold
    const hot = this.#live.users.get(user)
    const storedIsCurrent = saved && rebuilt.sequence === sequence
    if (!hot && !storedIsCurrent) return false
    const due = encodeProfile(definition, rebuilt)
    const live = hot?.profile && encodeProfile(definition, hot.profile)
    this.#view.users++
    if (live && !live.equals(due)) {
      this.#view.differing++
      this.tell(user, differences(definition, live, due))
    } else if (storedIsCurrent && !stored) {
      this.#view.missing++
      this.tell(user, ['it has no stored profile'])
    } else if (storedIsCurrent && !stored!.equals(due)) {
      this.#view.differing++
      const what = differences(definition, stored!, due)
      this.tell(user, hot ? what.map((text) => `as stored, ${text}`) : what)
    } else {
      this.#view.equal++
      return true
    }
    this.#live.replace(user, rebuilt, this.#indexedWakeAt(user, rebuilt, stored))
    return true
  }

  /**
   * The entry that the wake index may hold for the user and must lose. The right entry is written
   * in any case, because it may be missing.
   */
  #indexedWakeAt(user: string, rebuilt: Profile, stored: Buffer | undefined): number {
    const hot = this.#live.users.get(user)
    const indexed = hot ? hot.savedWakeAt : wakeAtOf(this.#live.fold.definition, stored)
    return indexed === rebuilt.standing?.wakeAt ? NEVER : indexed
  }

  /** Keeps the findings about a user, as long as there are few. */
  tell(userId: string, what: string[]): void {
    if (this.#view.samples.length < SAMPLES_MAX) this.#view.samples.push({ userId, what })
  }
}

function wakeAtOf(definition: Definition, stored: Buffer | undefined): number {
  try {
    return (stored && decodeProfile(definition, stored).standing?.wakeAt) ?? NEVER
  } catch {
    return NEVER
  }
}

// Counts the stage changes that the engine has published, out of its store: a subscriber of a
// million of them would cost the engine as much as what is measured.
import { type Database, open, type RootDatabase } from 'lmdb'
import { decodeEntriesItem } from '../../src/streams/item-codec.ts'

const STAGES = 'stages'
const ITEMS_PER_READ = 16

export class StageTap {
  readonly #root: RootDatabase
  readonly #entries: Database<Buffer, [stream: string, number: number]>
  readonly #users = new Set<string>()
  #number = 0

  /** @param path folder of the stored streams */
  constructor(path: string) {
    this.#root = open({ path, encoding: 'binary', noSubdir: false, readOnly: true })
    this.#entries = this.#root.openDB({ name: 'entries', encoding: 'binary' })
  }

  /**
   * Reads a little further. True where there may be more. Throws where a user's stage changed
   * twice.
   */
  read(): boolean {
    this.#root.resetReadTxn()
    let items = 0
    const range = {
      start: [STAGES, this.#number + 1] as [string, number],
      end: [STAGES, Number.MAX_SAFE_INTEGER] as [string, number],
      limit: ITEMS_PER_READ,
    }
    for (const { key, value } of this.#entries.getRange(range)) {
      items += 1
      this.#number = key[1]
      for (const { userId } of decodeEntriesItem(key[1], value).entries) {
        if (this.#users.has(userId)) throw new Error(`the stage of ${userId} changed twice`)
        this.#users.add(userId)
      }
    }
    return items === ITEMS_PER_READ
  }

  /** Users whose stage has changed, as far as was read. */
  get count(): number {
    return this.#users.size
  }

  close(): Promise<void> {
    return this.#root.close()
  }
}

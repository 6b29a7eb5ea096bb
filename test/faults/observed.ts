// What a live subscriber of one stream has been given: the order of all entries, each user's own
// ones, and when silences were announced. What must never come is noted at once.
import { hash53 } from '../../src/model/hash.ts'
import { placeOfId } from './definition.ts'
import type { Ledger } from './ledger.ts'
import type { EntryBody } from './subscriber.ts'

/**
 * The node's clock and ours are set by the same machine clock, and run on their own from then on.
 */
const CLOCK_DIFFERENCE_MS_MAX = 50

/** One entry as the checks compare it. */
export interface SeenEntry {
  id: string
  text: string
}

export class Observed {
  readonly name: string
  /** A hash of place and id of every entry, in the order of the stream. */
  readonly order: number[] = []
  readonly #byUser = new Map<string, SeenEntry[]>()
  /** Of the stream of actions: their numbers, in order. There are too many to keep more. */
  readonly #numbers = new Map<string, number[]>()
  /** Milliseconds from the instant of each silence to its arrival. */
  readonly silenceLateness: number[] = []
  readonly #ledger: Ledger
  readonly #ids = new Set<string>()

  constructor(name: string, ledger: Ledger) {
    this.name = name
    this.#ledger = ledger
  }

  take(body: EntryBody, place: string, arrivedAt: number): void {
    const { id, userId } = body
    this.order.push(hashOf(place, id))
    if (this.name === 'actions') {
      listOf(this.#numbers, userId).push(placeOfId(id).n)
      return
    }
    if (this.#ids.has(id)) this.#ledger.violation(`an entry of ${this.name} came twice`, `${id} at ${place}`)
    this.#ids.add(id)
    listOf(this.#byUser, userId).push({ id, text: textOf(body) })
    // What an action sets off has its time, which is its client's to say.
    if (body.at !== undefined && body.actionId === undefined)
      this.#expectNotEarly(body, Date.parse(body.at), arrivedAt)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  entriesOf(userId: string): readonly SeenEntry[] {
    return this.#byUser.get(userId) ?? []
  }

  numbersOf(userId: string): readonly number[] {
    return this.#numbers.get(userId) ?? []
  }

  #expectNotEarly({ id, userId, to, at: text }: EntryBody, at: number, arrivedAt: number): void {
    if (to === 'quiet') this.silenceLateness.push(arrivedAt - at)
    if (arrivedAt >= at - CLOCK_DIFFERENCE_MS_MAX) return
    this.#ledger.violation(
      'an entry came before its instant',
      `${this.name} ${id} of ${userId}: ${text} came ${at - arrivedAt} ms early`,
    )
  }
}

export function hashOf(place: string, id: string): number {
  return hash53(`${place} ${id}`)
}

function listOf<Item>(lists: Map<string, Item[]>, userId: string): Item[] {
  let list = lists.get(userId)
  if (!list) {
    list = []
    lists.set(userId, list)
  }
  return list
}

/** All that is predicted of an entry, as one text. */
function textOf({ from, to, rule, at, actionId, payload }: EntryBody): string {
  return JSON.stringify(rule === undefined ? { from, to, at, actionId } : { rule, at, actionId, payload })
}

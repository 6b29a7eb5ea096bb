// The UTC offsets of one time zone as intervals of constant offset, found once per year or so and
// remembered, because asking the runtime for an offset costs microseconds and every action needs
// one.
import { IANAZone } from 'luxon'

/** A span of time over which the zone's offset does not change. Instants are epoch milliseconds. */
export interface OffsetInterval {
  /** The transition it begins with; -Infinity if there was none for 40 years or since 1970. */
  readonly from: number
  /** Known end, exclusive: the next transition, or only the end of what was looked at. */
  readonly to: number
  /** Local time minus UTC, milliseconds. */
  readonly offsetMs: number
  /** The local time (as if UTC) just after the transition at `to`; Infinity where `to` is none. */
  readonly nextLocalMs: number
}

interface Transition {
  at: number
  offsetMs: number
}

/** 2^35 ms, 398 days: what is looked at in one go. */
const CHUNK_MS = 2 ** 35
/** Probes 6.2 days apart: no zone has had two transitions nearer to each other since 1970. */
const STRIDE_MS = CHUNK_MS / 64
const LOOK_BACK_CHUNKS = Math.ceil((40 * 366 * 86_400_000) / CHUNK_MS)
const FIRST_CHUNK = -1

export class ZoneOffsets {
  #zone: IANAZone
  #transitions = new Map<number, Transition[]>()
  #intervals = new Map<number, OffsetInterval[]>()
  #latest: OffsetInterval
  /** `from` of an interval may reach over transitions older than the 40 years; this does not. */
  #latestFrom: number

  /** RangeError if the runtime does not know the zone. */
  constructor(timezone: string) {
    if (!IANAZone.isValidZone(timezone)) throw new RangeError(`unknown time zone ${JSON.stringify(timezone)}`)
    this.#zone = IANAZone.create(timezone)
    this.#latest = this.#find(0)
    this.#latestFrom = 0
  }

  /** The interval that holds the instant. */
  at(instant: number): OffsetInterval {
    if (instant >= this.#latestFrom && instant < this.#latest.to) return this.#latest
    this.#latest = this.#find(instant)
    this.#latestFrom = Math.max(this.#latest.from, Math.floor(instant / CHUNK_MS) * CHUNK_MS)
    return this.#latest
  }

  #find(instant: number): OffsetInterval {
    const chunk = Math.max(FIRST_CHUNK, Math.floor(instant / CHUNK_MS))
    let intervals = this.#intervals.get(chunk)
    if (!intervals) {
      intervals = this.#intervalsOf(chunk)
      this.#intervals.set(chunk, intervals)
    }
    return intervals.find((interval) => instant < interval.to)!
  }

  #intervalsOf(chunk: number): OffsetInterval[] {
    const end = (chunk + 1) * CHUNK_MS
    const intervals: OffsetInterval[] = []
    let from = this.#lastTransitionBefore(chunk)
    let offsetMs = this.#offset(chunk * CHUNK_MS)
    for (const next of this.#transitionsOf(chunk)) {
      intervals.push({ from, to: next.at, offsetMs, nextLocalMs: next.at + next.offsetMs })
      from = next.at
      offsetMs = next.offsetMs
    }
    if (from < end) intervals.push({ from, to: end, offsetMs, nextLocalMs: Number.POSITIVE_INFINITY })
    return intervals
  }

  #lastTransitionBefore(chunk: number): number {
    const oldest = Math.max(FIRST_CHUNK, chunk - LOOK_BACK_CHUNKS)
    for (let earlier = chunk - 1; earlier >= oldest; earlier -= 1) {
      const last = this.#transitionsOf(earlier).at(-1)
      if (last) return last.at
    }
    return Number.NEGATIVE_INFINITY
  }

  /**
   * Transitions after the chunk's first instant, up to and including the first instant of the next
   * chunk.
   */
  #transitionsOf(chunk: number): Transition[] {
    const known = this.#transitions.get(chunk)
    if (known) return known
    const found: Transition[] = []
    let probe = chunk * CHUNK_MS
    let offsetMs = this.#offset(probe)
    for (const end = probe + CHUNK_MS; probe < end; probe += STRIDE_MS) {
      const next = this.#offset(probe + STRIDE_MS)
      if (next !== offsetMs) found.push(this.#bisect(probe, offsetMs, probe + STRIDE_MS, next))
      offsetMs = next
    }
    this.#transitions.set(chunk, found)
    return found
  }

  #bisect(before: number, offsetBefore: number, after: number, offsetMs: number): Transition {
    let low = before
    let high = after
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.#offset(middle) === offsetBefore) low = middle
      else high = middle
    }
    return { at: high, offsetMs }
  }

  #offset(instant: number): number {
    return Math.round(this.#zone.offset(instant) * 60_000)
  }
}

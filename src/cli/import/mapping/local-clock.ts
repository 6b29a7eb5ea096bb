// Times as the clocks of a zone show them. When clocks go forward, they leave some times out; when
// they go back, they show some twice. Both are decided here, whatever the day of the import is.
import { type DateTime, FixedOffsetZone, IANAZone } from 'luxon'

export interface LocalTime {
  /** Epoch milliseconds. */
  at: number
  /** The clocks of the zone left this time out; it was moved by as much as they went forward. */
  moved: boolean
}

/** An offset that no zone has. If a text gives the same instant with it, it names its own zone. */
const ODD_OFFSET_MINUTES = 817
const ODD_ZONE = FixedOffsetZone.instance(ODD_OFFSET_MINUTES).name
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const DAYS_REMEMBERED_MAX = 20_000
/** Clocks have been changed by up to 24 hours (Samoa, 2011). */
const CHANGE_MS_MAX = 26 * 60 * MINUTE_MS

/** @param parse with the zone for texts that name none */
export function createLocalClock(
  zoneName: string,
  parse: (text: string, zone: string) => DateTime,
): (text: string) => LocalTime | undefined {
  const zone = IANAZone.create(zoneName)
  const offsetOfDay = rememberedOffsets(zone)
  return (text) => {
    const time = parse(text, zoneName)
    if (!time.isValid) return undefined
    const at = time.toMillis()
    const { offset } = time
    const offsetBefore = offsetOfDay(Math.floor((at - CHANGE_MS_MAX) / DAY_MS))
    if (offset === offsetBefore) return { at, moved: false }
    const elsewhere = parse(text, ODD_ZONE).toMillis()
    if (elsewhere === at) return { at, moved: false }
    const shown = elsewhere + ODD_OFFSET_MINUTES * MINUTE_MS
    if (shown !== at + offset * MINUTE_MS) return { at, moved: true }
    // Shown twice: luxon takes the one whose offset is that of today, so the first is taken here.
    const first = shown - offsetBefore * MINUTE_MS
    return { at: zone.offset(first) === offsetBefore ? Math.min(first, at) : at, moved: false }
  }
}

/** Offset of a zone at the beginning of a day in UTC: asking the zone takes as long as parsing. */
function rememberedOffsets(zone: IANAZone): (day: number) => number {
  const offsets = new Map<number, number>()
  return (day) => {
    const known = offsets.get(day)
    if (known !== undefined) return known
    if (offsets.size >= DAYS_REMEMBERED_MAX) offsets.clear()
    const offset = zone.offset(day * DAY_MS)
    offsets.set(day, offset)
    return offset
  }
}

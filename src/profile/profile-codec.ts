// The stored form of a profile. It is valid for one definition only, because series are told apart
// by position. The snapshot store keeps the definition's fingerprint, and a new one means a rebuild
// from the log.
import type { Definition } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import { fitsChecksum, Reader, Writer } from '../model/codec.ts'
import { pruneAll } from './apply.ts'
import { readLifecycleState, writeStanding } from './lifecycle-state-codec.ts'
import { type DayCounts, hasStanding, type Profile, type Remembered } from './profile.ts'

const FORMAT = 2
/** Like version 2, but without a checksum. */
const UNCHECKED_FORMAT = 1
const writer = new Writer()

/** Encodes the profile, after pruning it. */
export function encodeProfile(definition: Definition, profile: Profile): Buffer {
  pruneAll(definition, profile)
  writer.varint(FORMAT)
  writer.varint(profile.sequence)
  writer.varint(profile.newestAt)
  writeRemembered(profile.remembered)
  writeTimeline(profile.timeline)
  writeCounts(definition, profile.counts)
  writeStates(definition, profile.states)
  if (profile.standing) writeStanding(writer, profile.standing)
  writer.checksum()
  return writer.take()
}

/** Errors: DATA_DAMAGED. */
export function decodeProfile(definition: Definition, bytes: Buffer): Profile {
  if (bytes[0] !== UNCHECKED_FORMAT && !fitsChecksum(bytes)) {
    throw new PulseprintError(
      'DATA_DAMAGED',
      'a stored profile is damaged: its bytes do not fit their checksum',
    )
  }
  const reader = new Reader(bytes)
  const format = reader.varint()
  if (format !== FORMAT && format !== UNCHECKED_FORMAT)
    throw new Error(`a stored profile has format ${format}; this version reads ${FORMAT}`)
  return {
    sequence: reader.varint(),
    newestAt: reader.varint(),
    remembered: readRemembered(reader),
    timeline: readTimeline(reader),
    counts: readCounts(definition, reader),
    states: readStates(definition, reader),
    standing: hasStanding(definition) ? readLifecycleState(reader) : undefined,
  }
}

function writeRemembered(remembered: Remembered): void {
  writer.varint(remembered.length / 2)
  let before = 0
  for (let at = 0; at < remembered.length; at += 2) {
    writer.hash(remembered[at] as number)
    const seconds = remembered[at + 1] as number
    writer.signed(seconds - before)
    before = seconds
  }
}

function readRemembered(reader: Reader): Remembered {
  const remembered: Remembered = []
  let seconds = 0
  for (let left = reader.varint(); left > 0; left--) {
    const hash = reader.hash()
    seconds += reader.signed()
    remembered.push(hash, seconds)
  }
  return remembered
}

function writeTimeline(timeline: number[]): void {
  writer.varint(timeline.length / 2)
  let before = 0
  for (let at = 0; at < timeline.length; at += 2) {
    const sequence = timeline[at] as number
    writer.varint(sequence - before)
    writer.varint(timeline[at + 1] as number)
    before = sequence
  }
}

function readTimeline(reader: Reader): number[] {
  const timeline: number[] = []
  let sequence = 0
  for (let left = reader.varint(); left > 0; left--) {
    sequence += reader.varint()
    timeline.push(sequence, reader.varint())
  }
  return timeline
}

/**
 * A declared action is stored as its place in the definition, counted from 1; any other as 0 and
 * its name.
 */
function writeCounts({ actionNames }: Definition, { names, entries }: DayCounts): void {
  writer.varint(names.length)
  for (const name of names) {
    const declared = actionNames.indexOf(name) + 1
    writer.varint(declared)
    if (declared === 0) writer.text(name)
  }
  writer.varint(entries.length / 3)
  let before = 0
  for (let at = 0; at < entries.length; at += 3) {
    const day = entries[at] as number
    // The first may be negative, because west of Greenwich the epoch lies on the last day of 1969.
    if (at === 0) writer.signed(day)
    else writer.varint(day - before)
    writer.varint(entries[at + 1] as number)
    writer.varint(entries[at + 2] as number)
    before = day
  }
}

function readCounts({ actionNames }: Definition, reader: Reader): DayCounts {
  const names: string[] = []
  for (let left = reader.varint(); left > 0; left--) {
    const declared = reader.varint()
    names.push(declared === 0 ? reader.text() : (actionNames[declared - 1] as string))
  }
  const entries: number[] = []
  let day = 0
  for (let left = reader.varint(); left > 0; left--) {
    day = entries.length === 0 ? reader.signed() : day + reader.varint()
    entries.push(day, reader.varint(), reader.varint())
  }
  return { names, entries }
}

/** Only series that hold something are written, each after its distance from the previous one. */
function writeStates({ series }: Definition, states: readonly unknown[]): void {
  let held = 0
  for (let index = 0; index < series.length; index++) {
    if (!series[index]!.operator.isEmpty(states[index])) held++
  }
  writer.varint(held)
  let before = 0
  for (let index = 0; index < series.length; index++) {
    const { operator } = series[index]!
    if (operator.isEmpty(states[index])) continue
    writer.varint(index - before)
    operator.encode(states[index], writer)
    before = index
  }
}

function readStates({ series }: Definition, reader: Reader): unknown[] {
  const states = series.map(({ operator }) => operator.empty())
  let index = 0
  for (let left = reader.varint(); left > 0; left--) {
    index += reader.varint()
    states[index] = series[index]!.operator.decode(reader)
  }
  return states
}

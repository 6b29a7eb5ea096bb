// The stored form of a standing. Instants are written as their distance from a neighbour, which is
// short.

import { dueAt, type Firing, type LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Reader, Writer } from '../model/codec.ts'

const NEVER = Number.POSITIVE_INFINITY

export function writeStanding(writer: Writer, standing: LifecycleState): void {
  const { clock } = standing
  writer.varint(clock)
  writer.varint(standing.stage + 1)
  writer.signed(clock - standing.stageSince)
  writeDue(writer, standing.timersDue, clock)
  writeDue(writer, standing.conditionsDue, clock)
  writeWakeAt(writer, standing)
  writePairs(writer, standing.history, clock)
  writePairs(writer, standing.badges, clock)
  writer.varint(standing.firings.length)
  for (const { rule, times, lastAt, recent } of standing.firings) {
    writer.varint(rule)
    writer.varint(times)
    writer.signed(clock - lastAt)
    writer.varint(recent.length)
    for (const at of recent) writer.signed(clock - at)
  }
  writer.varint(standing.holding.length)
  for (const rule of standing.holding) writer.varint(rule)
}

export function readLifecycleState(reader: Reader): LifecycleState {
  const clock = reader.varint()
  const stage = reader.varint() - 1
  const stageSince = clock - reader.signed()
  const timersDue = readDue(reader, clock)
  const conditionsDue = readDue(reader, clock)
  const wakeAt = readWakeAt(reader, Math.min(timersDue, conditionsDue))
  const history = readPairs(reader, clock)
  const badges = readPairs(reader, clock)
  const firings: Firing[] = []
  for (let left = reader.varint(); left > 0; left--) firings.push(readFiring(reader, clock))
  const holding: number[] = []
  for (let left = reader.varint(); left > 0; left--) holding.push(reader.varint())
  return { stage, stageSince, history, clock, timersDue, conditionsDue, wakeAt, badges, firings, holding }
}

function readFiring(reader: Reader, clock: number): Firing {
  const firing = {
    rule: reader.varint(),
    times: reader.varint(),
    lastAt: clock - reader.signed(),
    recent: [],
  }
  const recent: number[] = firing.recent
  for (let left = reader.varint(); left > 0; left--) recent.push(clock - reader.signed())
  return firing
}

/** Everything that is due lies after the clock, so 0 is free to mean never. */
function writeDue(writer: Writer, due: number, clock: number): void {
  writer.varint(due === NEVER ? 0 : due - clock)
}

function readDue(reader: Reader, clock: number): number {
  const distance = reader.varint()
  return distance === 0 ? NEVER : clock + distance
}

/** Usually 0: exactly when something is due. */
function writeWakeAt(writer: Writer, standing: LifecycleState): void {
  writer.varint(standing.wakeAt === dueAt(standing) ? 0 : standing.wakeAt)
}

function readWakeAt(reader: Reader, due: number): number {
  const wakeAt = reader.varint()
  return wakeAt === 0 ? due : wakeAt
}

/** Pairs of (place, instant). */
function writePairs(writer: Writer, pairs: readonly number[], clock: number): void {
  writer.varint(pairs.length / 2)
  for (let at = 0; at < pairs.length; at += 2) {
    writer.varint(pairs[at]!)
    writer.signed(clock - pairs[at + 1]!)
  }
}

function readPairs(reader: Reader, clock: number): number[] {
  const pairs: number[] = []
  for (let left = reader.varint(); left > 0; left--) pairs.push(reader.varint(), clock - reader.signed())
  return pairs
}

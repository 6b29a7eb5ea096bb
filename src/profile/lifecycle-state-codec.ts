// The stored form of a user's state in the lifecycle.

import type { Firing, LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Reader, Writer } from '../numbers/codec.ts'

export function writeLifecycleState(writer: Writer, standing: LifecycleState): void {
  writer.number(standing.clock)
  writer.number(standing.stage)
  writer.number(standing.stageSince)
  writer.number(standing.timersDue)
  writer.number(standing.conditionsDue)
  writer.number(standing.wakeAt)
  writeList(writer, standing.history)
  writeList(writer, standing.badges)
  writer.number(standing.firings.length)
  for (const { rule, times, lastAt, recent } of standing.firings) {
    writer.number(rule)
    writer.number(times)
    writer.number(lastAt)
    writeList(writer, recent)
  }
  writeList(writer, standing.holding)
}

export function readLifecycleState(reader: Reader): LifecycleState {
  const clock = reader.number()
  const stage = reader.number()
  const stageSince = reader.number()
  const timersDue = reader.number()
  const conditionsDue = reader.number()
  const wakeAt = reader.number()
  const history = readList(reader)
  const badges = readList(reader)
  const firings: Firing[] = []
  for (let left = reader.number(); left > 0; left--) firings.push(readFiring(reader))
  const holding = readList(reader)
  return { stage, stageSince, history, clock, timersDue, conditionsDue, wakeAt, badges, firings, holding }
}

function readFiring(reader: Reader): Firing {
  return { rule: reader.number(), times: reader.number(), lastAt: reader.number(), recent: readList(reader) }
}

function writeList(writer: Writer, numbers: readonly number[]): void {
  writer.number(numbers.length)
  for (const number of numbers) writer.number(number)
}

function readList(reader: Reader): number[] {
  const numbers: number[] = []
  for (let left = reader.number(); left > 0; left--) numbers.push(reader.number())
  return numbers
}

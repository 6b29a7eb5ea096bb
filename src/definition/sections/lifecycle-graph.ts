// Mistakes of a lifecycle as a whole: stages that nobody can enter, and circles that turn without
// any action.

import { nearest } from '../../model/suggest.ts'
import type { Field, Fields } from '../document/fields.ts'
import type { Stages } from './stages.ts'

export interface Edge {
  field: Field
  from: ReadonlySet<number>
  to: number
  on: unknown
  when: unknown
  silenceMs: number | undefined
  dwellMs: number | undefined
}

/** Reports transitions from `"*"` if there is no other stage to come from. */
export function checkSomeFrom(fields: Fields, stages: Stages, edges: readonly Edge[]): void {
  for (const { field } of edges.filter(({ from }) => from.size === 0)) {
    const message = `\`${stages.names[0]}\` is the only stage, so no transition can lead there`
    fields.problems.add(field.key, field.path, message, 'Name another stage in `to`.')
  }
}

/**
 * Reports the stages that no transition leads to. If there are none, it reports those that are only
 * reached from each other.
 */
export function checkReachable(fields: Fields, stages: Stages, edges: readonly Edge[]): void {
  const entered = new Set([0, ...edges.map((edge) => edge.to)])
  const reached = reachedFrom(0, edges)
  const all = stages.names.map((_name, stage) => stage)
  const never = all.filter((stage) => !entered.has(stage))
  for (const stage of never.length > 0 ? never : all.filter((one) => !reached.has(one))) {
    const near = nearest(
      stages.names[stage]!,
      [...entered].map((one) => stages.names[one]!),
    )
    const hint =
      near && !entered.has(stage) ? `Did you mean \`${near}\`?` : 'Add a transition that leads there.'
    const { place, path } = stages.places[stage]!
    fields.problems.add(place, path, `No user can reach the stage \`${stages.names[stage]}\``, hint)
  }
}

function reachedFrom(start: number, edges: readonly Edge[]): Set<number> {
  const reached = new Set([start])
  // A Set also visits elements that are added during the visit.
  for (const stage of reached) {
    for (const { from, to } of edges) if (from.has(stage)) reached.add(to)
  }
  return reached
}

/**
 * Reports, once, each dwell transition that closes a circle of dwell and conditions alone. Such a
 * circle turns for as long as its conditions hold, and a century may pass at once. A circle of
 * conditions alone is allowed: it enters each stage at most once at an instant, and hysteresis
 * needs it.
 */
export function checkDwellCircles(fields: Fields, stages: Stages, edges: readonly Edge[]): void {
  const turning = edges.filter(
    ({ on, when, silenceMs, dwellMs }) =>
      on === undefined && when !== undefined && silenceMs === undefined && dwellMs === undefined,
  )
  for (const edge of edges.filter(({ dwellMs }) => dwellMs !== undefined)) {
    const reached = reachedFrom(edge.to, turning)
    const back = [...edge.from].find((from) => reached.has(from))
    if (back === undefined) {
      turning.push(edge)
    } else {
      const names = [stages.names[back], stages.names[edge.to]].map((name) => `\`${name}\``)
      const message = `Without any action users could go from ${names.join(' to ')} and back for ever`
      const hint =
        'Let an action (`on`) or silence (`after` without `since: stage`) be one step of the circle.'
      fields.problems.add(edge.field.key, edge.field.path, message, hint)
    }
  }
}

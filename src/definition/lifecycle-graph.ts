// What is wrong with a lifecycle as a whole: stages that nobody can enter, and circles that time alone would
// turn for ever.
import type { Field, Fields } from './fields.ts'
import type { Stages } from './stages.ts'
import { nearest } from './suggest.ts'

export interface Edge {
  field: Field
  from: ReadonlySet<number>
  to: number
  on: unknown
  silenceMs: number | undefined
  dwellMs: number | undefined
}

/** Shortest time in which conditions and dwelling may lead a user round, for each round costs when time passes. */
const ROUND_MS_MIN = 3_600_000

/** Reports transitions from `"*"` where there is no other stage to come from. */
export function checkSomeFrom(fields: Fields, stages: Stages, edges: readonly Edge[]): void {
  for (const { field } of edges.filter(({ from }) => from.size === 0)) {
    const message = `\`${stages.names[0]}\` is the only stage, so no transition can lead there`
    fields.problems.add(field.key, field.path, message, 'Name another stage in `to`.')
  }
}

/** Reports the stages no transition leads to; where there are none, those only reached from each other. */
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
  // A Set visits what is added while it is visited.
  for (const stage of reached) {
    for (const { from, to } of edges) if (from.has(stage)) reached.add(to)
  }
  return reached
}

/** Reports each transition that closes a circle of dwell transitions, once. */
export function checkDwellCircles(fields: Fields, stages: Stages, edges: readonly Edge[]): void {
  const dwells: Edge[] = []
  for (const edge of edges.filter(({ dwellMs }) => dwellMs !== undefined)) {
    const back = [...edge.from].find((from) => reachedFrom(edge.to, dwells).has(from))
    if (back === undefined) {
      dwells.push(edge)
    } else {
      const names = [stages.names[back], stages.names[edge.to]].map((name) => `\`${name}\``)
      const message = `Time alone would lead from ${names.join(' to ')} and back for ever`
      const hint =
        'Let an action (`on`) or silence (`after` without `since: stage`) be one step of the circle.'
      fields.problems.add(edge.field.key, edge.field.path, message, hint)
    }
  }
}

/**
 * Reports each dwell transition that conditions can lead back from within less than ROUND_MS_MIN. Such a circle turns as
 * long as its conditions hold, and a year may pass at once when history is imported.
 */
export function checkFastCircles(fields: Fields, stages: Stages, edges: readonly Edge[]): void {
  const alone = edges.filter(({ on, silenceMs }) => on === undefined && silenceMs === undefined)
  for (const edge of alone.filter(({ dwellMs }) => dwellMs !== undefined)) {
    const times = timesFrom(edge.to, alone)
    const round =
      Math.min(...[...edge.from].map((from) => times.get(from) ?? Number.POSITIVE_INFINITY)) + edge.dwellMs!
    if (round >= ROUND_MS_MIN) continue
    const message = `Conditions can lead a user from \`${stages.names[edge.to]}\` back here every ${round / 1000} seconds`
    const hint = 'Let the circle take an hour or longer, or let an action (`on`) be one step of it.'
    fields.problems.add(edge.field.key, edge.field.path, message, hint)
  }
}

/** Shortest time from a stage to each that can be reached from it, ms (Bellman and Ford). */
function timesFrom(start: number, edges: readonly Edge[]): Map<number, number> {
  const times = new Map([[start, 0]])
  for (let improved = true; improved; ) {
    improved = false
    for (const { from, to, dwellMs = 0 } of edges) {
      const time =
        Math.min(...[...from].map((stage) => times.get(stage) ?? Number.POSITIVE_INFINITY)) + dwellMs
      if (time >= (times.get(to) ?? Number.POSITIVE_INFINITY)) continue
      times.set(to, time)
      improved = true
    }
  }
  return times
}

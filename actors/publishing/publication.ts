// Turns a record's outcomes into stream entries, in the form that subscribers get.
import { OUTCOME, type Outcome } from '../../src/ingest/batch.ts'
import type { Effect } from '../../src/rules/effect.ts'
import { decisionView, holdoutView, refusalView, stageChangeView } from '../../src/rules/effect-view.ts'
import type { Publication, StreamEntry } from '../../src/streams/stream-store.ts'

const NONE: ReadonlyMap<string, readonly StreamEntry[]> = new Map()
const ALL_ACCEPTED: readonly number[] = []

/** @param outcomes those of the record's actions; undefined for a tick */
export function publicationOf(
  shard: number,
  sequence: number,
  outcomes: readonly Outcome[] | undefined,
  effects: readonly Effect[],
): Publication {
  return {
    shard,
    sequence,
    refused: outcomes && refusedOf(outcomes),
    entries: entriesOf(shard, sequence, effects),
  }
}

function refusedOf(outcomes: readonly Outcome[]): readonly number[] {
  if (!outcomes.some((outcome) => outcome !== OUTCOME.accepted)) return ALL_ACCEPTED
  return outcomes.flatMap((outcome, position) => (outcome === OUTCOME.accepted ? [] : [position]))
}

/** Users may have had their turns in any order. Entries follow the order of the record. */
function entriesOf(shard: number, sequence: number, effects: readonly Effect[]): Publication['entries'] {
  if (effects.length === 0) return NONE
  const entries = new Map<string, StreamEntry[]>()
  for (const effect of effects.toSorted((a, b) => a.position - b.position)) {
    const stream = streamOf(effect)
    if (stream === undefined) continue
    const { id, user: userId, action } = effect
    const entry = {
      id,
      userId,
      data: dataOf(effect, shard, sequence),
      ...(action !== undefined && { action }),
    }
    const others = entries.get(stream)
    if (others) others.push(entry)
    else entries.set(stream, [entry])
  }
  return entries
}

function streamOf(effect: Effect): string | undefined {
  switch (effect.kind) {
    case 'stage':
      return 'stages'
    case 'holdout':
      return 'holdouts'
    case 'refusal':
      return 'refused'
    default:
      return effect.stream
  }
}

function dataOf(effect: Effect, shard: number, sequence: number): string {
  return JSON.stringify({ ...viewOf(effect), shard, sequence })
}

function viewOf(effect: Effect): object {
  switch (effect.kind) {
    case 'stage':
      return stageChangeView(effect)
    case 'holdout':
      return holdoutView(effect)
    case 'refusal':
      return refusalView(effect)
    default:
      return decisionView(effect)
  }
}

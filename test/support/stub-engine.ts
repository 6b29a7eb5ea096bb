// An engine for tests of the API alone: it takes everything, knows nobody, and can be told
// otherwise call by call.
import { compileDefinition } from '../../src/definition/compile.ts'
import { DEFAULT_DEFINITION } from '../../src/definition/default.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type { Engine, StreamReader } from '../../src/engine.ts'
import { type Batch, OUTCOME, type SubmitWait } from '../../src/ingest/batch.ts'
import type { Question } from '../../src/questions/question.ts'
import type { RebuildView } from '../../src/views/views.ts'

export const STUB_SHARDS = 4
export const STUB_SEQUENCE = 7

export interface StubEngine extends Engine {
  /** Every batch that was submitted, with what the caller waited for. */
  submitted: { batch: Batch; wait: SubmitWait }[]
}

/**
 * What it answers, by the name of the question; a profile question is answered by `undefined`
 * unless told otherwise.
 */
// biome-ignore lint/suspicious/noExplicitAny: each question has parameters of its own
export type StubAnswers = Record<string, (parameters: any) => Promise<unknown>>

export function stubEngine(behaviour: Partial<Engine> = {}, answers: StubAnswers = {}): StubEngine {
  const submitted: StubEngine['submitted'] = []
  const known: StubAnswers = {
    shardStatus: async () => [],
    startRebuild: async ({ shard }) => runningRebuild(shard),
    rebuild: async ({ shard }) => runningRebuild(shard),
    ...answers,
  }
  return {
    submitted,
    definition: defaultDefinition(),
    shards: STUB_SHARDS,
    streams: emptyStreams(),
    async submit(batch, wait) {
      submitted.push({ batch, wait })
      return {
        sequences: batch.chunks.map(() => STUB_SEQUENCE),
        outcomes: batch.chunks.map(({ count }) => new Array(count).fill(OUTCOME.accepted)),
        effects: batch.chunks.map(() => []),
      }
    },
    async ask<Parameters, Answer>({ name }: Question<Parameters, Answer>, parameters: Parameters) {
      return (await known[name]?.(parameters)) as Answer
    },
    notReady: () => undefined,
    storageProblem: () => undefined,
    ...behaviour,
  }
}

function runningRebuild(shard: number): RebuildView {
  const counts = { passes: 1, to: 0, users: 0, equal: 0, differing: 0, missing: 0, unlogged: 0, samples: [] }
  return { shard, epoch: 1, state: 'running', startedAt: '2026-11-20T09:30:00.000Z', progress: 0, ...counts }
}

function emptyStreams(): StreamReader {
  return {
    names: new Set(['actions', 'stages']),
    read: async (_stream, cursor) => ({ entries: [], cursor, more: false }),
    head: () => '0',
    onPublished: () => () => {},
  }
}

export function defaultDefinition(): Definition {
  const compiled = compileDefinition(DEFAULT_DEFINITION)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

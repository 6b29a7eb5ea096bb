// The streams of an engine that holds the Online Retail file, read over HTTP from their beginning.
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { EngineProcess } from './engine.ts'

export interface Entry {
  id: string
  userId: string
  at: string
  actionId?: string
}

export interface StageEntry extends Entry {
  from: string
  to: string
}

export interface RewardEntry extends Entry {
  rule: string
  payload: { points: number; spend: number }
  badge?: string
}

export interface Streams {
  stages: StageEntry[]
  rewards: RewardEntry[]
}

/** A user who is in no file: what this one sets off ends what is read. */
const MARKER = 'the end'
/** Then what has come so far is all that is read, and the test shows what it lacks. */
const PATIENCE_MS = 240_000

/** The first so many entries of the stream, oldest first; fewer if no more come. */
export async function firstEntries(engine: EngineProcess, stream: string, count: number): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of follow(engine, stream)) if (entries.push(entry) === count) break
  return entries
}

/** All of both streams, once there are so many stage changes. Call it once in an engine's life. */
export async function readStreams(engine: EngineProcess, stageChanges: number): Promise<Streams> {
  await firstEntries(engine, 'stages', stageChanges)
  const properties = { quantity: 1, price: 2_000 }
  await engine.json('/v1/actions', { userId: MARKER, action: 'purchase', object: { id: 'none' }, properties })
  return {
    stages: (await entriesToMarker(engine, 'stages')) as StageEntry[],
    rewards: (await entriesToMarker(engine, 'rewards')) as RewardEntry[],
  }
}

async function entriesToMarker(engine: EngineProcess, stream: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of follow(engine, stream)) {
    if (entry.userId === MARKER) break
    entries.push(entry)
  }
  return entries
}

async function* follow(engine: EngineProcess, stream: string): AsyncGenerator<Entry> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  try {
    const response = await fetch(`${engine.url}/v1/streams/${stream}?after=0`, { signal })
    if (!response.ok) throw new Error(`${stream}: ${response.status} ${await response.text()}`)
    const events = response
      .body!.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
    for await (const { data } of events) yield JSON.parse(data)
  } catch (error) {
    if (!signal.aborted) throw error
    console.error(`${stream}: no end came in ${PATIENCE_MS} ms`)
  }
}

import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { ThreadedEngine } from '../../../actors/threads/threaded-engine.ts'
import type { Chunk } from '../../../src/ingest/batch.ts'
import { buildBatch } from '../../../src/ingest/build-batch.ts'
import { openLocalEngine, SHARDS, usersIn } from '../../support/local-engine.ts'

const [BOB] = usersIn(1, 1) as [string]

test('a chunk for another thread carries its own bytes and no more, also after a large one', async () => {
  const { engine: local } = await openLocalEngine()
  const { port1, port2 } = new MessageChannel()
  const engine = new ThreadedEngine(local, 0, new Map([[1, port1]]), async () => undefined)
  onTestFinished(() => engine.close())
  const chunksOf = (count: number): Chunk[] => {
    const action = { userId: BOB, action: 'a', properties: { pad: 'x'.repeat(1_000) } }
    return buildBatch(local.definition, SHARDS, new Array(count).fill(action), Date.now()).chunks
  }
  chunksOf(1_000)
  const chunks = chunksOf(1)
  const told: { method: string; parameters: [Chunk[]] }[] = []
  port2.on('message', (messages) => told.push(...messages))
  void engine.submit({ chunks, items: [] }, 'durable')
  while (!told.some(({ method }) => method === 'take')) await once(port2, 'message')
  const { bytes } = told.find(({ method }) => method === 'take')!.parameters[0][0]!
  expect(Buffer.compare(bytes, chunks[0]!.bytes)).toBe(0)
  expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
})

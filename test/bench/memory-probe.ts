// Preloaded into every thread of the engine under test: on the benchmark's request each collects
// its garbage, and the main thread answers with what all of them hold together. The engine's own
// code is not touched.
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'

/** Bytes on the JavaScript heaps of all threads and outside of them, after a full collection. */
export interface MemoryAnswer {
  liveBytes: number
}

type Word = { ask: true } | { here: number } | { thread: number; liveBytes: number }

const channel = new BroadcastChannel('pulseprint-bench-memory')
channel.unref()

function measure(): number {
  const collect = globalThis.gc
  if (!collect) throw new Error('start the engine with --expose-gc')
  // Twice: what the first only finalises, the second frees.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function answerBenchmark(): void {
  const others = new Set<number>()
  const answers = new Map<number, number>()
  const answerWhenAll = () => {
    if ([...others].some((thread) => !answers.has(thread)) || !answers.has(threadId)) return
    const liveBytes = [...answers.values()].reduce((sum, bytes) => sum + bytes, 0)
    process.send?.({ liveBytes } satisfies MemoryAnswer)
  }
  channel.onmessage = (event) => {
    const word = (event as unknown as { data: Word }).data
    if ('here' in word) others.add(word.here)
    if (!('liveBytes' in word)) return
    answers.set(word.thread, word.liveBytes)
    answerWhenAll()
  }
  process.on('message', () => {
    answers.clear()
    channel.postMessage({ ask: true } satisfies Word)
    answers.set(threadId, measure())
    answerWhenAll()
  })
  process.channel?.unref()
}

if (isMainThread) {
  answerBenchmark()
} else {
  channel.onmessage = (event) => {
    if (!('ask' in (event as unknown as { data: Word }).data)) return
    channel.postMessage({ thread: threadId, liveBytes: measure() } satisfies Word)
  }
  channel.postMessage({ here: threadId } satisfies Word)
}

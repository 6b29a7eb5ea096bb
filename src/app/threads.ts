// The further threads of the process: they start all or none, take orders from the first thread,
// and end with it.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { ThreadLink } from '../calls/thread-link.ts'
import { ERRORS, type ErrorCode, PulseprintError } from '../errors.ts'
import type { ConfigurationTexts } from './settings/configuration-files.ts'
import type { Settings } from './settings/settings.ts'
import type { ThreadData } from './worker-thread.ts'

export interface Thread {
  worker: Worker
  orders: ThreadLink
}

/** A port from each thread to each other one. */
export function meshOf(threads: number): Map<number, MessagePort>[] {
  const ports = Array.from({ length: threads }, () => new Map<number, MessagePort>())
  for (let one = 0; one < threads; one++) {
    for (let other = one + 1; other < threads; other++) {
      const { port1, port2 } = new MessageChannel()
      ports[one]!.set(other, port1)
      ports[other]!.set(one, port2)
    }
  }
  return ports
}

/**
 * Starts all threads but this one, which is number 0. Either all start or none. Resolves when their
 * shards are claimed.
 */
export async function startThreads(
  settings: Settings,
  texts: ConfigurationTexts,
  ports: Map<number, MessagePort>[],
): Promise<Thread[]> {
  const starts = ports
    .slice(1)
    .map((own, index) => startThread({ settings, texts, thread: index + 1, ports: own }))
  const results = await Promise.allSettled(starts)
  const failed = results.find((result) => result.status === 'rejected')
  const threads = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (!failed) return threads
  // A thread that went on would keep the process from ending.
  await endThreads(threads)
  throw failed.reason
}

export async function endThreads(threads: readonly Thread[]): Promise<void> {
  for (const { worker, orders } of threads) {
    orders.close()
    worker.removeAllListeners()
    await worker.terminate()
  }
}

async function startThread(data: Omit<ThreadData, 'orders'>): Promise<Thread> {
  const { port1, port2 } = new MessageChannel()
  const workerData: ThreadData = { ...data, orders: port2 }
  // In the compiled program, this file and the thread's are JavaScript.
  const file = import.meta.url.endsWith('.ts') ? './worker-thread.ts' : './worker-thread.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData,
    transferList: [port2, ...data.ports.values()],
  })
  await new Promise((resolve, reject) =>
    worker.once('message', resolve).once('error', (error) => reject(asThrown(error))),
  )
  // A failed thread leaves its shards without an owner. So the process ends, and the next start
  // goes on from there.
  worker.removeAllListeners().on('error', (error) => {
    throw error
  })
  return { worker, orders: new ThreadLink(port1, {}) }
}

/** A thread's error arrives as a plain Error that has kept its code. */
function asThrown(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string }
  return code !== undefined && Object.hasOwn(ERRORS, code)
    ? new PulseprintError(code as ErrorCode, message)
    : error
}

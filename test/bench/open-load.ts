// Load that does not wait for answers, in a process of its own: `node open-load.ts JSON` sends
// writes and reads evenly at given rates. When each is due is fixed before the first is sent, and
// its time counts from then: a server that stalls is not spared the requests of that while. Prints
// one JSON line: how long they took, and how late the load itself was.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { HttpConnection, RefusedError } from './http-connection.ts'
import { batches, randomUser, reads } from './load.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'

export interface OpenLoadPlan {
  port: number
  /** Connections are spread over `port` and these. */
  otherPorts?: number[]
  /** Users are numbered from 0. */
  users: number
  /** In batches of 100. */
  actionsPerSecond: number
  readsPerSecond: number
  seconds: number
}

/** Times in milliseconds, from when a request was due until its answer. */
export interface OpenLatency {
  /** Of the requests that were due, those with an answer that is a success. */
  answered: number
  /** Those answered with 429 or 503. */
  refused: number
  /** Those still waiting for a free connection at the end; their times so far count. */
  unsent: number
  meanMs: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

export interface OpenLoadResult {
  batches: OpenLatency
  reads: OpenLatency
  /** How long after its time a request was looked at, by the load's own fault. */
  lateP99Ms: number
}

/** More than are ever in flight while the server keeps within a few hundredths of a second. */
const WRITERS = 64
const READERS = 128
/** The system wakes nobody sooner. */
const TICK_MS = 1

/** One kind of request: its schedule, and the connections that take what is due in order. */
class Stream {
  readonly #start: number
  readonly #intervalMs: number
  readonly #idle: (() => Promise<void>)[] = []
  readonly #waiting: number[] = []
  readonly #times = createHistogram()
  readonly #count: number
  #sumMs = 0
  #next = 0
  #inFlight = 0
  #answered = 0
  #refused = 0
  /** Of those that waited. */
  #taken = 0

  constructor(start: number, perSecond: number, seconds: number) {
    this.#start = start
    this.#intervalMs = 1_000 / perSecond
    this.#count = Math.floor(perSecond * seconds)
  }

  join(connection: HttpConnection, nextRequest: () => Buffer): void {
    this.#idle.push(async () => {
      const answer = await connection.send(nextRequest()).catch((error: unknown) => {
        if (!(error instanceof RefusedError) || (error.status !== 429 && error.status !== 503)) throw error
      })
      if (answer) this.#answered += 1
      else this.#refused += 1
    })
  }

  get done(): boolean {
    return this.#next >= this.#count
  }

  /** Sends what is due by now. */
  advance(now: number, late: RecordableHistogram, failed: (error: unknown) => void): void {
    while (!this.done) {
      const due = this.#start + this.#next * this.#intervalMs
      if (due > now) return
      this.#next += 1
      late.record(microseconds(now - due))
      const send = this.#idle.pop()
      if (send) this.#keepSending(send, due).catch(failed)
      else this.#waiting.push(due)
    }
  }

  async #keepSending(send: () => Promise<void>, first: number): Promise<void> {
    this.#inFlight += 1
    try {
      for (let due: number | undefined = first; due !== undefined; due = this.#nextWaiting()) {
        await send()
        this.#record(due)
      }
      this.#idle.push(send)
    } finally {
      this.#inFlight -= 1
    }
  }

  /** Nothing more is sent; resolves when what was sent is answered. */
  async end(): Promise<OpenLatency> {
    const unsent = this.#waiting.splice(this.#taken)
    for (const due of unsent) this.#record(due)
    while (this.#inFlight > 0) await pause(TICK_MS)
    const [p50Ms, p99Ms] = [50, 99].map((percent) => this.#times.percentile(percent) / 1_000)
    return {
      answered: this.#answered,
      refused: this.#refused,
      unsent: unsent.length,
      meanMs: this.#sumMs / Math.max(1, this.#times.count),
      p50Ms: p50Ms!,
      p99Ms: p99Ms!,
      maxMs: this.#times.max / 1_000,
    }
  }

  #nextWaiting(): number | undefined {
    return this.#taken < this.#waiting.length ? this.#waiting[this.#taken++] : undefined
  }

  #record(due: number): void {
    const took = performance.now() - due
    this.#sumMs += took
    this.#times.record(microseconds(took))
  }
}

/** As histograms take them. */
function microseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1_000))
}

export async function runOpenLoad(plan: OpenLoadPlan): Promise<OpenLoadResult> {
  const ports = [plan.port, ...(plan.otherPorts ?? [])]
  const open = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, place) => HttpConnection.open(ports[place % ports.length]!)),
    )
  const writers = await open(WRITERS)
  const readers = await open(READERS)
  const target = { port: plan.port, firstUser: 0, users: plan.users }
  const nextUser = randomUser(target)
  const writes = writers.map(() => batches(target, nextUser))
  const start = performance.now()
  const writing = new Stream(start, plan.actionsPerSecond / BATCH_ACTIONS, plan.seconds)
  const reading = new Stream(start, plan.readsPerSecond, plan.seconds)
  writers.forEach((writer, place) => {
    writing.join(writer, writes[place]!)
  })
  for (const reader of readers) reading.join(reader, reads(target, nextUser))
  const late = createHistogram()
  let failure: unknown
  const failed = (error: unknown) => {
    failure ??= error
  }
  while (!writing.done || !reading.done) {
    if (failure) throw failure
    const now = performance.now()
    writing.advance(now, late, failed)
    reading.advance(now, late, failed)
    await pause(TICK_MS)
  }
  const [written, read] = await Promise.all([writing.end(), reading.end()])
  if (failure) throw failure
  for (const connection of [...writers, ...readers]) connection.close()
  return { batches: written, reads: read, lateP99Ms: late.percentile(99) / 1_000 }
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? '{}') as OpenLoadPlan
  process.stdout.write(`${JSON.stringify(await runOpenLoad(plan))}\n`)
}

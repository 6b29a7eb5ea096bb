// Single requests among whatever else goes on, in a process of its own: `node probe.ts JSON` sends
// one every so often, whether or not the last was answered, until its time is over or its standard
// input ends, and prints how long they took as one JSON line.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../support/until.ts'
import { EventSubscriber } from './event-subscriber.ts'
import { HttpConnection, RefusedError } from './http-connection.ts'
import { userIdOf } from './segment-batch.ts'

/**
 * `decision`: POST of one action until its decision arrives as a server-sent event. `returning`:
 * POST with wait=applied and return=features,stage,decisions until the answer. `post`: the same
 * without. `read`: GET of a profile.
 */
export type ProbeKind = 'decision' | 'returning' | 'post' | 'read'

export interface ProbePlan {
  port: number
  /** Where decisions are subscribed to. Default: `port`. */
  subscribePort?: number
  /** Sent in turn. */
  kinds: ProbeKind[]
  perSecond: number
  /** Undefined: until standard input ends. */
  seconds?: number
  /** Requests whose times do not count. */
  warmUps: number
  /** Users that are read. */
  users: number
  /** True where 429 and 503 are counted instead of failing the probe. */
  mayBeRefused?: boolean
}

export interface Latency {
  count: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

export type ProbeResult = Record<ProbeKind, Latency> & { refused: number }

/**
 * Connections and subscribers enough to reach every thread of the engine; users enough for every
 * shard.
 */
const CONNECTIONS = 8
const SUBSCRIBERS = 4
const PROBE_USERS = 64
/** Sent also where the input ends at once. */
const AT_LEAST = 20

interface Sent {
  at: number
  counts: boolean
  arrivals: number
}

class Probe {
  readonly #plan: ProbePlan
  readonly #times: Record<ProbeKind, RecordableHistogram>
  readonly #idle: HttpConnection[] = []
  readonly #subscribers: EventSubscriber[] = []
  /** Actions whose decisions have not arrived everywhere. */
  readonly #sent = new Map<string, Sent>()
  readonly #run = `${process.pid}-${Date.now()}`
  #answers: Promise<void>[] = []
  #refused = 0

  constructor(plan: ProbePlan) {
    this.#plan = plan
    const [decision, returning, post, read] = [1, 2, 3, 4].map(() => createHistogram()) as [
      RecordableHistogram,
      RecordableHistogram,
      RecordableHistogram,
      RecordableHistogram,
    ]
    this.#times = { decision, returning, post, read }
  }

  async run(inputEnded: () => boolean): Promise<ProbeResult> {
    const {
      port,
      subscribePort = port,
      kinds,
      perSecond,
      seconds = Number.POSITIVE_INFINITY,
      warmUps,
    } = this.#plan
    for (let n = 0; n < CONNECTIONS; n++) this.#idle.push(await HttpConnection.open(port))
    for (let n = 0; kinds.includes('decision') && n < SUBSCRIBERS; n++) {
      this.#subscribers.push(
        await EventSubscriber.open(subscribePort, 'rewards', (data) => this.#arrived(data)),
      )
    }
    const start = performance.now()
    const end = start + (seconds + warmUps / perSecond) * 1_000
    for (let n = 0; performance.now() < end && (n < AT_LEAST || !inputEnded()); n++) {
      const early = start + (n * 1_000) / perSecond - performance.now()
      if (early > 0) await pause(early)
      this.#answers.push(this.#send(n, kinds[n % kinds.length]!, n >= warmUps))
    }
    await Promise.all(this.#answers)
    await until(
      () => {
        for (const subscriber of this.#subscribers) subscriber.assertOpen()
        return this.#sent.size === 0
      },
      () => `${this.#sent.size} decisions did not arrive`,
    )
    for (const connection of this.#idle) connection.close()
    for (const subscriber of this.#subscribers) subscriber.close()
    const { decision, returning, post, read } = this.#times
    return {
      decision: latencyOf(decision),
      returning: latencyOf(returning),
      post: latencyOf(post),
      read: latencyOf(read),
      refused: this.#refused,
    }
  }

  async #send(n: number, kind: ProbeKind, counts: boolean): Promise<void> {
    const connection = this.#idle.pop() ?? (await HttpConnection.open(this.#plan.port))
    const id = `probe-${this.#run}-${n}`
    const request = this.#request(kind, n, id)
    const at = performance.now()
    if (this.#subscribers.length > 0 && kind !== 'read') {
      this.#sent.set(id, { at, counts: counts && kind === 'decision', arrivals: 0 })
    }
    const answer = await connection.send(request).catch((error: unknown) => this.#refusal(error))
    if (answer === undefined) {
      this.#idle.push(connection)
      return
    }
    if (counts && kind !== 'decision') record(this.#times[kind], at)
    this.#idle.push(connection)
    if (kind === 'returning' && !answer.includes('"rule":"thanks"')) {
      throw new Error(`an answer came without its decision: ${answer}`)
    }
  }

  #refusal(error: unknown): undefined {
    const isRefusal = error instanceof RefusedError && (error.status === 429 || error.status === 503)
    if (!isRefusal || !this.#plan.mayBeRefused) throw error
    this.#refused += 1
  }

  #arrived(data: string): void {
    const { actionId } = JSON.parse(data) as { actionId: string }
    const sent = this.#sent.get(actionId)
    if (!sent) {
      if (actionId.startsWith(`probe-${this.#run}-`)) throw new Error(`a decision arrived twice: ${data}`)
      return
    }
    if (sent.counts) record(this.#times.decision, sent.at)
    if (++sent.arrivals === SUBSCRIBERS) this.#sent.delete(actionId)
  }

  #request(kind: ProbeKind, n: number, id: string): Buffer {
    const { port, users } = this.#plan
    const host = `host: 127.0.0.1:${port}`
    if (kind === 'read') {
      const user = userIdOf(Math.floor(Math.random() * users))
      return Buffer.from(`GET /v1/profiles/${user} HTTP/1.1\r\n${host}\r\n\r\n`)
    }
    const body = JSON.stringify({
      id,
      userId: `probe-${n % PROBE_USERS}`,
      action: 'checkout',
      properties: { n },
    })
    const query = kind === 'returning' ? '?wait=applied&return=features,stage,decisions' : ''
    return Buffer.from(
      `POST /v1/actions${query} HTTP/1.1\r\n${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }
}

/** In whole microseconds, as histograms take them. */
function record(times: RecordableHistogram, sentAt: number): void {
  times.record(Math.max(1, Math.round((performance.now() - sentAt) * 1_000)))
}

function latencyOf(times: RecordableHistogram): Latency {
  const [p50Ms, p99Ms] = [50, 99].map((percent) => times.percentile(percent) / 1_000) as [number, number]
  return { count: times.count, p50Ms, p99Ms, maxMs: times.max / 1_000 }
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? '{}') as ProbePlan
  let inputEnded = false
  process.stdin.resume().once('end', () => {
    inputEnded = true
  })
  const result = await new Probe(plan).run(() => inputEnded && plan.seconds === undefined)
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}

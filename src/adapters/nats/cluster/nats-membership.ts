// Who is in the cluster, as one node sees it: every node tells all others four times a second that
// it lives, on core NATS. Silence means dead, unless this node does not even hear itself: then NATS
// is the trouble, and nobody is judged.
import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import { LIMITS } from '../../../limits.ts'
import type { Beat, Membership } from '../../../ownership/membership.ts'
import type { Logger } from '../../../runtime/logger.ts'

/** Well before the others take this node for dead. */
const HEARD_MS = LIMITS.memberSilenceMs - 2 * LIMITS.heartbeatIntervalMs

interface Heard {
  beat: Beat
  /** On the monotonic clock, ms. */
  at: number
}

/** What this node says of itself, what the membership knows better aside. */
export type Self = () => Omit<Beat, 'connections' | 'sentAt'>

const PAUSE_MS = 100

export class NatsMembership implements Membership {
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #self: Self
  readonly #catchUp: () => Promise<void>
  readonly #logger: Logger
  readonly #heard = new Map<string, Heard>()
  readonly #listeners = new Set<() => void>()
  readonly #lostListeners = new Set<(instance: string) => void>()
  readonly #subscription: Subscription
  readonly #beating: NodeJS.Timeout
  /** When the newest own heartbeat was sent that has come back; at first none has. */
  #echoAt = Number.NEGATIVE_INFINITY
  /** When the first of them came back after none had, on the monotonic clock. */
  #heardSince = 0
  /**
   * Since when what this node knows may be out of date, on the monotonic clock; undefined: it is
   * not.
   */
  #behindSince: number | undefined
  #connections = 0
  #isCutOff = false

  /**
   * @param catchUp resolves when everything is known that others did while this node was not heard;
   * rejects to be called again
   */
  constructor(
    connection: NatsConnection,
    prefix: string,
    self: Self,
    catchUp: () => Promise<void>,
    logger: Logger,
  ) {
    this.#catchUp = catchUp
    this.#connection = connection
    this.#subject = `${prefix}.members`
    this.#self = self
    this.#logger = logger
    this.#subscription = connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (!error) this.#hear(message.data)
      },
    })
    this.#beating = setInterval(() => this.#turn(), LIMITS.heartbeatIntervalMs)
    this.#beating.unref()
    void this.#watch()
    this.beat()
  }

  /** The others that live, as far as this node can tell. */
  get others(): Beat[] {
    return [...this.#heard.values()].map(({ beat }) => beat)
  }

  /** What an instance last said; undefined if it is not known to live. */
  of(instance: string): Beat | undefined {
    return this.#heard.get(instance)?.beat
  }

  /**
   * False while this node does not hear itself, and until it has caught up then: others may have
   * taken it for dead.
   */
  get isHeard(): boolean {
    return this.#behindSince === undefined && performance.now() - this.#echoAt < HEARD_MS
  }

  /**
   * For how long this node has heard itself, and so whoever else is there, ms; 0 while it does not.
   */
  get heardMs(): number {
    return this.isHeard ? performance.now() - this.#heardSince : 0
  }

  /** Calls back when a member comes, goes or changes its state. The returned function ends it. */
  onChanged(callback: () => void): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }

  /** Calls back with an instance that is gone, or has lost what was on its way to it. */
  onLost(callback: (instance: string) => void): void {
    this.#lostListeners.add(callback)
  }

  /** Tells the others now, because something has changed. */
  beat(): void {
    this.#tell({ ...this.#self(), ...this.#stamp() })
  }

  /** Says goodbye, so that the others need not wait for silence. */
  async close(): Promise<void> {
    clearInterval(this.#beating)
    this.#tell({ ...this.#self(), ...this.#stamp(), state: 'gone' })
    this.#subscription.unsubscribe()
    await this.#connection.flush().catch(() => {})
  }

  #stamp() {
    return { connections: this.#connections, sentAt: performance.now() }
  }

  #tell(beat: Beat): void {
    if (this.#connection.isClosed()) return
    this.#connection.publish(this.#subject, JSON.stringify(beat))
  }

  #hear(data: Uint8Array): void {
    const beat = beatOf(data)
    if (!beat) return
    const now = performance.now()
    if (beat.instance === this.#self().instance) {
      this.#hearSelf(beat.sentAt)
      return
    }
    const before = this.#heard.get(beat.instance)?.beat
    if (beat.state === 'gone') {
      if (before) this.#lose(beat.instance, 'has left')
      return
    }
    this.#heard.set(beat.instance, { beat, at: now })
    if (before && before.connections !== beat.connections) this.#tellLost(beat.instance)
    if (before?.state !== beat.state) this.#tellChanged()
    if (!before) this.#logger.info('a node has joined', { node: beat.node, instance: beat.instance })
  }

  /** An echo that has waited in a socket is as old as the heartbeat, whenever it is read. */
  #hearSelf(sentAt: number): void {
    const gapMs = sentAt - this.#echoAt
    if (gapMs <= 0) return
    this.#echoAt = sentAt
    if (gapMs < HEARD_MS) return
    this.#heardSince = performance.now()
    // At the start everything has just been read.
    if (gapMs === Number.POSITIVE_INFINITY) return
    const isRunning = this.#behindSince !== undefined
    this.#behindSince = sentAt
    if (!isRunning) void this.#catchUpPatiently()
  }

  async #catchUpPatiently(): Promise<void> {
    for (;;) {
      const since = this.#behindSince
      try {
        await this.#catchUp()
        if (since !== this.#behindSince) continue
        this.#behindSince = undefined
        return
      } catch {
        if (this.#connection.isClosed()) return
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref())
      }
    }
  }

  #turn(): void {
    this.beat()
    const now = performance.now()
    // Two beats of its own missing: whether the others are silent cannot be told.
    if (now - this.#echoAt > 2 * LIMITS.heartbeatIntervalMs + LIMITS.heartbeatSlackMs) {
      this.#isCutOff = true
      return
    }
    if (this.#isCutOff) {
      // Everyone gets the full time again: this node heard nobody meanwhile.
      this.#isCutOff = false
      for (const heard of this.#heard.values()) heard.at = now
    }
    for (const [instance, { at }] of this.#heard) {
      if (now - at > LIMITS.memberSilenceMs) this.#lose(instance, 'is silent')
    }
  }

  #lose(instance: string, what: string): void {
    const { node } = this.#heard.get(instance)!.beat
    this.#heard.delete(instance)
    this.#logger.info(`a node ${what}`, { node, instance })
    this.#tellLost(instance)
    this.#tellChanged()
  }

  #tellLost(instance: string): void {
    for (const listener of this.#lostListeners) listener(instance)
  }

  #tellChanged(): void {
    for (const listener of this.#listeners) listener()
  }

  async #watch(): Promise<void> {
    let isBack = false
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') isBack = false
      // After refused logins the client tells of one reconnection several times.
      if (type !== 'reconnect' || isBack) continue
      isBack = true
      this.#connections++
      this.beat()
    }
  }
}

/** Undefined for what no node of ours sends. */
function beatOf(data: Uint8Array): Beat | undefined {
  try {
    const beat = JSON.parse(Buffer.from(data).toString()) as Partial<Beat> | null
    const texts = [beat?.node, beat?.instance, beat?.state, beat?.fingerprint]
    return texts.every((text) => typeof text === 'string') ? (beat as Beat) : undefined
  } catch {
    return undefined
  }
}

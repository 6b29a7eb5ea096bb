// One consumer of a JetStream subject, made on the server for one reader, and read until something
// is wrong with it.
import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream'
import { createInbox, type Msg, type NatsConnection, nanos, nuid } from '@nats-io/transport-node'

/** How much one pull brings at most, and how long it waits. The next pull follows when all is taken. */
const PULL_MESSAGES = 256
// If more than 64 MiB wait for a client, the server cuts it off, and a client may read many shards
// at once.
const PULL_BYTES = 1024 * 1024
const PULL_EXPIRES_MS = 3_000
const HEARTBEAT_MS = 1_000
/** If nothing comes for so long, not even a heartbeat, the consumer is lost. */
const SILENCE_MS = 3_000
/** How long the server keeps a consumer that nobody pulls from. */
const CONSUMER_IDLE_MS = 30_000

export interface StoredMessage {
  /** In the stream. */
  sequence: number
  message: Msg
}

export interface Subject {
  stream: string
  /** May hold wildcards. */
  filter: string
}

export class Pull {
  readonly #connection: NatsConnection
  readonly #manager: JetStreamManager
  readonly #subject: Subject
  readonly #signal: AbortSignal
  readonly #inbox: string
  readonly #name = nuid.next()
  readonly #subscription: { unsubscribe(): void }
  #position: number
  #buffer: StoredMessage[] = []
  /** How many messages the running pull may still bring; 0 if no pull runs. */
  #expected = 0
  /** Number that the consumer gave its last message. */
  #delivered = 0
  /** True if the last pull ran out of time and brought nothing. */
  #idle = false
  #heardAt = performance.now()
  #failure: string | undefined
  #wake = () => {}

  constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    subject: Subject,
    after: number,
    signal: AbortSignal,
  ) {
    this.#connection = connection
    this.#manager = manager
    this.#subject = subject
    this.#position = after
    this.#signal = signal
    this.#inbox = createInbox()
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error) this.#failure = error.message
        else this.#take(message)
        this.#wake()
      },
    })
  }

  async open(): Promise<void> {
    await this.#manager.consumers.add(this.#subject.stream, {
      name: this.#name,
      filter_subject: this.#subject.filter,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#position + 1,
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(CONSUMER_IDLE_MS),
      mem_storage: true,
      num_replicas: 1,
    })
  }

  /**
   * One message or more; none once the signal aborts. Throws if the consumer can no longer be used.
   * @param works called each time the consumer rightly has nothing to bring
   */
  async next(works: () => void): Promise<StoredMessage[]> {
    while (!this.#signal.aborted) {
      if (this.#buffer.length > 0) {
        const taken = this.#buffer
        this.#buffer = []
        this.#position = taken.at(-1)!.sequence
        return taken
      }
      if (this.#failure !== undefined) throw new Error(this.#failure)
      const wasIdle = this.#idle
      if (this.#expected === 0) this.#pull()
      if (wasIdle) {
        await this.#checkForStall()
        works()
      }
      await this.#something()
      if (performance.now() - this.#heardAt > SILENCE_MS) this.#failure ??= 'nothing was heard of it'
    }
    return []
  }

  close(): void {
    this.#subscription.unsubscribe()
    // Otherwise the server forgets it by itself.
    if (!this.#connection.isClosed())
      this.#manager.consumers.delete(this.#subject.stream, this.#name).catch(() => {})
  }

  #pull(): void {
    this.#expected = PULL_MESSAGES
    this.#idle = false
    this.#heardAt = performance.now()
    const request = {
      batch: PULL_MESSAGES,
      max_bytes: PULL_BYTES,
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    }
    const { stream } = this.#subject
    this.#connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#name}`, JSON.stringify(request), {
      reply: this.#inbox,
    })
  }

  /**
   * Throws if the consumer brings nothing although there is something to bring. Call it while a pull
   * runs.
   */
  async #checkForStall(): Promise<void> {
    const { stream, filter } = this.#subject
    const newest = await this.#manager.streams.getMessage(stream, { last_by_subj: filter })
    if (!newest || newest.seq <= this.#position) return
    // What has only just been stored may still be on its way.
    await this.#something()
    if (this.#buffer.length === 0) throw new Error(this.#failure ?? 'it has stalled')
  }

  #take(message: Msg): void {
    this.#heardAt = performance.now()
    const { headers, reply } = message
    if (headers && headers.code > 0) {
      this.#takeStatus(headers.code, headers.description)
      return
    }
    const [sequence, delivered] = placesOf(reply ?? '')
    if (delivered !== this.#delivered + 1) this.#failure ??= 'a message is missing'
    if (this.#failure !== undefined) return
    this.#delivered = delivered
    this.#expected -= 1
    this.#buffer.push({ sequence, message })
  }

  #takeStatus(code: number, description: string): void {
    // 100: a heartbeat. 408: out of time.
    if (code === 100) return
    if (code === 408 || this.#isFull(description)) {
      this.#idle = code === 408 && this.#expected === PULL_MESSAGES
      this.#expected = 0
    } else this.#failure ??= code === 503 ? 'no server has a consumer for it' : `${code} ${description}`
  }

  /**
   * Whether the messages or bytes of the pull are used up. NATS sends an error if the next message
   * would not fit.
   */
  #isFull(description: string): boolean {
    if (description === 'Message Size Exceeds MaxBytes') return this.#expected < PULL_MESSAGES
    return description.startsWith('Batch Completed')
  }

  /** Resolves when a message came, the signal aborted or it is time to ask for signs of life. */
  async #something(): Promise<void> {
    if (this.#buffer.length > 0 || this.#failure !== undefined || this.#signal.aborted) return
    let timer: NodeJS.Timeout | undefined
    const awake = () => this.#wake()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, HEARTBEAT_MS)
      this.#signal.addEventListener('abort', awake, { once: true })
    })
    clearTimeout(timer)
    this.#signal.removeEventListener('abort', awake)
  }
}

/**
 * Sequence in the stream, and number of the delivery, from the address that a message would be
 * acknowledged at.
 */
function placesOf(reply: string): [sequence: number, delivered: number] {
  const tokens = reply.split('.')
  const at = tokens.length === 9 ? 5 : 7
  return [Number(tokens[at]), Number(tokens[at + 1])]
}

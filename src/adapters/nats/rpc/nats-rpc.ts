// Calls between the nodes of a cluster over core NATS. It holds this node's one subscription, a link
// to each other node, and which nodes are known to be lost. A call is sent once and never again; the
// caller decides what a lost call means.
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import { decodeMessages } from '../../../calls/call-codec.ts'
import { answerTo, type Call, type Handlers } from '../../../calls/call-protocol.ts'
import type { PeerCalls } from '../../../calls/peer-calls.ts'
import { PulseprintError } from '../../../errors.ts'
import { LIMITS } from '../../../limits.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { isPart, MessageAssembly } from './message-parts.ts'
import { NatsRpcPeer } from './nats-rpc-peer.ts'
import { NatsRpcPublisher } from './nats-rpc-publisher.ts'

const WARN_INTERVAL_MS = 10_000
/** How often a node that owes answers is probed: it may have gone after the call was sent. */
const PROBE_INTERVAL_MS = 100
/** What a probe carries. */
const NOTHING = new Uint8Array(0)

export class NatsRpc implements PeerCalls {
  readonly #handlers: Handlers
  readonly #logger: Logger
  readonly #publisher: NatsRpcPublisher
  readonly #subscription: Subscription
  readonly #assembly = new MessageAssembly(LIMITS.nodePartsBytesMax, LIMITS.nodePartsWaitMs)
  readonly #links = new Map<string, NatsRpcPeer>()
  readonly #probing: NodeJS.Timeout
  #lastId = 0
  /** Why nothing can be called now. */
  #down: string | undefined
  #unreadable = 0
  #warnedAt = Number.NEGATIVE_INFINITY

  /**
   * @param prefix first tokens of all subjects; those used here begin with `<prefix>.node.`
   * @param instance own id, of letters, digits, `-` and `_`; no other process ever has the same
   * @param handlers what other nodes may call here; parameters and results are what MessagePack can
   * say
   */
  constructor(
    connection: NatsConnection,
    prefix: string,
    instance: string,
    handlers: Handlers,
    logger: Logger,
  ) {
    this.#handlers = handlers
    this.#logger = logger
    this.#publisher = new NatsRpcPublisher(connection, prefix, instance)
    this.#subscription = connection.subscribe(this.#publisher.subjects, {
      callback: (error, message) => {
        if (!error) this.#receive(message)
      },
    })
    this.#probing = setInterval(() => this.#probe(), PROBE_INTERVAL_MS).unref()
    void this.#watch(connection)
  }

  call<Result>(instance: string, method: string, waitMs: number, ...parameters: unknown[]): Promise<Result> {
    if (this.#down !== undefined) return Promise.reject(peerLost(this.#down))
    return this.#link(instance).call(++this.#lastId, method, waitMs, parameters)
  }

  /**
   * Ends all calls to an instance at once with PEER_LOST: it is gone, or has lost its connection
   * meanwhile.
   */
  lost(instance: string): void {
    this.#drop(instance, `node ${instance} is lost`)
  }

  /**
   * Answers that are ready are sent; calls that still wait end with PEER_LOST. The connection stays
   * open.
   */
  close(): void {
    clearInterval(this.#probing)
    this.#subscription.unsubscribe()
    for (const link of this.#links.values()) link.flush()
    this.#goDown('this node is stopping')
  }

  #link(instance: string): NatsRpcPeer {
    const known = this.#links.get(instance)
    if (known) return known
    const link = new NatsRpcPeer(instance, this.#publisher, (items) => this.#send(instance, items))
    this.#links.set(instance, link)
    return link
  }

  #probe(): void {
    for (const [instance, link] of this.#links) if (link.isWaiting) this.#send(instance, [NOTHING])
  }

  /** Without a connection, a message would be lost or sent much later. */
  #send(instance: string, items: Uint8Array[]): void {
    if (this.#down !== undefined) return
    try {
      this.#publisher.publish(instance, items)
    } catch (error) {
      this.#drop(instance, `nothing can be sent to node ${instance}: ${(error as Error).message}`)
    }
  }

  /** Must not throw: that would end the client's reading. */
  #receive(message: Msg): void {
    const from = message.subject.slice(message.subject.lastIndexOf('.') + 1)
    try {
      if (message.headers?.code === 503) this.#drop(from, `nobody listens at node ${from}`)
      else this.#read(from, message.data)
    } catch (error) {
      this.#warnOfUnreadable(from, error)
    }
  }

  #read(from: string, data: Uint8Array): void {
    if (data.length === 0) return
    const bytes = isPart(data) ? this.#assembly.add(from, data) : data
    if (!bytes) return
    for (const message of decodeMessages(bytes)) {
      if ('method' in message) void this.#answer(message, from)
      else this.#links.get(from)?.settle(message)
    }
  }

  async #answer(call: Call, from: string): Promise<void> {
    const answer = await answerTo(call, this.#handlers)
    this.#link(from).answer(answer)
  }

  #warnOfUnreadable(from: string, error: unknown): void {
    this.#unreadable++
    const now = performance.now()
    if (now - this.#warnedAt < WARN_INTERVAL_MS) return
    this.#warnedAt = now
    this.#logger.warn('a message between nodes cannot be read', { from, error, soFar: this.#unreadable })
  }

  #drop(instance: string, reason: string): void {
    this.#assembly.forget(instance)
    const link = this.#links.get(instance)
    this.#links.delete(instance)
    link?.fail(peerLost(reason))
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') this.#goDown('the connection to NATS is lost')
      else if (type === 'reconnect' && !this.#subscription.isClosed()) this.#down = undefined
    }
    this.#goDown('the connection to NATS is closed')
  }

  #goDown(reason: string): void {
    this.#down = reason
    this.#assembly.close()
    for (const instance of [...this.#links.keys()]) this.#drop(instance, reason)
  }
}

function peerLost(reason: string): PulseprintError {
  return new PulseprintError('PEER_LOST', reason, { retryAfterSeconds: 1 })
}

// The port of who is in the cluster, as one node sees it: who lives, what each says of itself, and
// whether this node is heard.
import type { ErrorCode } from '../errors.ts'
import type { NodeInstance } from './shard-ownership.ts'

/**
 * `joining` nodes may still be refused; `admitted` ones get ready; `serving` ones get shards;
 * `leaving` ones hand theirs over.
 */
export type MemberState = 'joining' | 'admitted' | 'serving' | 'leaving' | 'gone'

export interface Beat extends NodeInstance {
  state: MemberState
  /** The fingerprint of the definition that the node runs. */
  fingerprint: string
  /**
   * Grows each time the node has found NATS again. Messages that were on their way to it before are
   * lost.
   */
  connections: number
  /** When the node sent it, on the sender's monotonic clock, ms. */
  sentAt: number
  /** Why the node takes no more actions; undefined while it does. */
  refusal?: { code: ErrorCode; message: string }
}

export interface Membership {
  /** The others that live, as far as this node can tell. */
  readonly others: Beat[]
  /** What an instance last said; undefined if it is not known to live. */
  of(instance: string): Beat | undefined
  /**
   * False while this node does not hear itself, and then until it has caught up: others may have
   * taken it for dead.
   */
  readonly isHeard: boolean
  /**
   * For how long this node has heard itself and therefore everyone else, ms; 0 while it does not.
   */
  readonly heardMs: number
  /** Calls back when a member comes, goes or changes its state. The returned function ends it. */
  onChanged(callback: () => void): () => void
  /** Calls back with an instance that is gone, or has lost what was on its way to it. */
  onLost(callback: (instance: string) => void): void
  /** Tells the others now, because something has changed. */
  beat(): void
}

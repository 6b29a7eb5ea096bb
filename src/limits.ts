// The bounds of the running engine in one place, with the relations between them asserted at start.
// Those of a definition stand in definition/bounds.ts.
import assert from 'node:assert/strict'

export const LIMITS = {
  /** Bytes of a request body after decompression. */
  bodyBytesMax: 16 * 1024 * 1024,
  /**
   * Bytes of all request bodies, unpacked, that are received or worked on at a time, over all
   * threads; past it the front door says 429. The whole process takes at most 16 times as much for
   * them, what its allocator keeps included: a test holds that.
   */
  bodiesInFlightBytesMax: 64 * 1024 * 1024,
  /** Commas, colons and opening brackets in one body of JSON: how long it takes to parse. */
  bodyValuesMax: 2_000_000,
  /**
   * A body may take this long at any speed. If it takes longer, at least so many of its bytes must
   * arrive in a second. A slower one gets 408.
   */
  bodyGraceMs: 10_000,
  bodyBytesPerSecondMin: 8 * 1024,
  /**
   * A part of `bodiesInFlightBytesMax` is for bodies of at most `smallBodyBytes` only. So a few
   * large ones cannot keep small ones out.
   */
  smallBodyBytes: 64 * 1024,
  smallBodiesShareBytes: 16 * 1024 * 1024,
  /**
   * Characters of all answers that were sent and not yet taken, those of writes aside, per thread;
   * past it a read gets 429.
   */
  answersInFlightMax: 64 * 1024 * 1024,
  /** Connections per thread; past it new ones are closed. */
  connectionsMax: 10_000,
  /** Requests of one connection that are not answered yet, or whose answer is not taken yet. */
  connectionRequestsMax: 32,
  /** Actions in one request. */
  requestActionsMax: 10_000,
  /** Bytes of one action as JSON. */
  actionBytesMax: 32 * 1024,
  /** UTF-16 units of a user id, anonymous id or action id. */
  idLengthMax: 256,
  /** UTF-16 units of an action name, object type, channel or place. */
  nameLengthMax: 256,
  /**
   * UTF-16 units of the texts and names in one decision's payload, each other value counted as a
   * few.
   */
  payloadTextMax: 8 * 1024,
  /** How deep `properties` may nest. */
  propertiesDepthMax: 16,
  /** Users in one POST /v1/profiles/query. */
  queryUsersMax: 1_000,
  /** Names of features in one POST /v1/profiles/query, and bytes of its body. */
  queryFieldsMax: 1_000,
  queryBodyBytesMax: 2 * 1024 * 1024,
  /** Idempotency ids remembered per user. */
  rememberedIdsMax: 1_000,
  /** Newest actions per user that the timeline can show. */
  timelineLengthMax: 100,
  /** Bytes of JSON after which a page of a timeline ends. */
  timelinePageBytesMax: 256 * 1024,
  /** Earlier stages kept per user. */
  stageHistoryMax: 50,
  /** Days of per-action day counts kept per user. */
  countDaysMax: 800,
  /** Stretches of active days kept per user and series: five years of every other day. */
  activeStretchesMax: 1_000,
  /** Distinct action names counted per user; further names are counted under `*`. */
  countNamesMax: 64,
  /** Bytes that may wait for the log; past it the front door says 429. */
  appendQueueBytesMax: 64 * 1024 * 1024,
  /**
   * Bytes of log records that a thread keeps in memory because a shard has yet to apply them; it
   * reads the others from the disk.
   */
  recentRecordBytesMax: 16 * 1024 * 1024,
  /** Free bytes that the disk of the data folder keeps: below this, actions are refused. */
  diskBytesFreeMin: 128 * 1024 * 1024,
  /** Bytes of memory for each of the users that may be in it: long profiles make them fewer. */
  hotUserBytes: 4 * 1024,
  /** Messages that may wait in one user's mailbox. */
  mailboxLengthMax: 1_000,
  /** Actions that may be durable and not yet applied; past it the front door says 429. */
  unappliedActionsMax: 500_000,
  /**
   * Applied actions after which changed profiles are saved, all shards together: what a restart
   * replays at most, about.
   */
  checkpointActionsMax: 200_000,
  /**
   * Users of one shard that a rebuild holds in memory: with more, it reads the log several times.
   */
  rebuildUsersMax: 20_000,
  /** Users of one tick: more would keep requests waiting where very many are due at once. */
  tickUsersMax: 64,
  /** Records that may be applied and not yet published; past it the shards stand still. */
  unpublishedRecordsMax: 10_000,
  /** UTF-16 units of the entries in them, and bytes of their records if the store takes actions. */
  unpublishedTextMax: 32 * 1024 * 1024,
  /** Longest time a changed profile stays unsaved. */
  checkpointIntervalMs: 5_000,
  /** How long a write that waits for its actions to be applied waits, and a stopping engine. */
  applyWaitMs: 10_000,
  /** How long a read waits for `minSequence`, or for a shard that is still replaying its log. */
  readWaitMs: 2_000,
  /** Exact values kept per `distinct` series of one user; beyond, windows are estimated. */
  distinctExactMax: 2_000,
  /** Subscribers of streams per thread; past it the front door says 429. */
  subscribersMax: 1_000,
  /** Share of them that one API key may have. */
  subscribersKeyShare: 0.5,
  /**
   * Entries, and characters of their text, that one read of a stream gives: what is in memory per
   * subscriber.
   */
  streamPageEntriesMax: 256,
  streamPageTextMax: 64 * 1024,
  /** Items, and entries in them, that one read of a stream looks at. */
  streamReadItemsMax: 64,
  streamReadEntriesMax: 2_000,
  /** How long a subscriber may take nothing of what is sent before it is cut. */
  streamStallMs: 30_000,
  /** How often a subscriber gets a comment that shows that the connection lives. */
  streamHeartbeatMs: 15_000,
  /** How often a node tells the others that it lives. */
  heartbeatIntervalMs: 250,
  /**
   * How late a node's own heartbeat may come back. If it comes later, the node no longer believes
   * that it would hear the others.
   */
  heartbeatSlackMs: 250,
  /** Silence after which a node is taken for dead and its shards are taken over. */
  memberSilenceMs: 1_500,
  /** How long a write waits for a shard to find an owner who takes it. */
  ownerWaitMs: 10_000,
  /** How long a read waits for the owner before the stored profile answers. */
  ownerReadWaitMs: 400,
  /** Oldest snapshot that answers if the caller names no `maxStaleness`. */
  stalenessMaxMs: 30_000,
  /** How far a node's clock may be from that of the NATS servers when it starts. */
  clockSkewMaxMs: 10_000,
  /** Calls to one other node that may wait for their answers; past it further ones are refused. */
  nodeCallsMax: 10_000,
  /**
   * Bytes of their parameters. Half of what a NATS server holds for a slow reader before it cuts it
   * (64 MB).
   */
  nodeCallBytesMax: 32 * 1024 * 1024,
  /** Bytes published to other nodes and not yet taken by the NATS server. */
  nodeUnsentBytesMax: 64 * 1024 * 1024,
  /**
   * Bytes of messages of other nodes of which parts are still missing, and how long those may stay
   * away.
   */
  nodePartsBytesMax: 128 * 1024 * 1024,
  nodePartsWaitMs: 10_000,
  /**
   * The log keeps a record for so long after saved profiles cover it, whatever its retention. A
   * snapshot store may come back from a crash or from an older file: Redis may flush its AOF only
   * every second, and be restored from a copy a few minutes old. What it has lost is still in the
   * log.
   */
  logKeptCommittedMs: 600_000,
} as const

assert(LIMITS.actionBytesMax < LIMITS.bodyBytesMax)
assert(LIMITS.payloadTextMax <= LIMITS.streamPageTextMax)
assert(LIMITS.bodyBytesMax < LIMITS.bodiesInFlightBytesMax)
assert(LIMITS.bodyBytesMax <= LIMITS.bodiesInFlightBytesMax - LIMITS.smallBodiesShareBytes)
assert(LIMITS.timelineLengthMax <= LIMITS.rememberedIdsMax)
assert(10 * LIMITS.checkpointIntervalMs < LIMITS.logKeptCommittedMs)
assert(4 * LIMITS.heartbeatIntervalMs < LIMITS.memberSilenceMs)
assert(LIMITS.bodyBytesMax < LIMITS.nodeCallBytesMax)
assert(LIMITS.nodeCallBytesMax <= LIMITS.nodeUnsentBytesMax)
assert(LIMITS.nodeCallBytesMax < LIMITS.nodePartsBytesMax)

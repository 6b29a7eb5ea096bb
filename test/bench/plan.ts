// How long a run takes: the full one, a quick look, and the smoke run of the tests.
export interface BenchPlan {
  rounds: number
  users: number
  ingestConnections: number
  readConnections: number
  /**
   * Whether everything is saved before a side is measured, so that saving counts to the right
   * figure.
   */
  awaitsSaving: boolean
  warmSeconds: number
  /**
   * A read path that is not yet compiled costs several times as much: long enough for that, on
   * every side.
   */
  readWarmSeconds: number
  ingestSeconds: number
  /**
   * Ingest that is compared by its CPU ends after so many actions instead: where the disk stalls,
   * what the engine does by the second would otherwise be divided by few.
   */
  ingestActions?: number
  readSeconds: number
  populations: number[]
  trafficSeconds: number
  restarts: number
  /** Rounds of decisions, prices of rules and timers under load. */
  reactionRounds: number
  /** Of single requests among other load. */
  probeSeconds: number
  /** Numbers of rules whose price is measured, ascending. */
  ruleCounts: number[]
  ruleSeconds: number
  /** Users with a pending timer. */
  timers: number
  idleSeconds: number
  /** Users who fall silent under load, and after how long. */
  liveTimers: number
  silenceSeconds: number
  /** Two versions in turns. */
  against: {
    rounds: number
    /** The larger population; the smaller is `users`. */
    users: number
    tenthUsers: number
    actions: number
    /** Of reads and of a tenth of the load. */
    seconds: number
    warmSeconds: number
  }
  /** Writes and reads at once; seconds of each share. */
  day: { rounds: number; users: number; seconds: number }
  cluster: ClusterPlan
}

export interface ClusterPlan {
  rounds: number
  /** Servers of NATS where nodes come and go: three is what operators run. */
  nats: 1 | 3
  /** Users whose bytes in Redis are taken, ascending. */
  populations: number[]
  /** Nodes that are killed, and that leave. */
  kills: number
  leaves: number
  /** Actions in the log that is replayed as a whole. */
  replayActions: number
  replays: number
}

const FULL: BenchPlan = {
  rounds: 3,
  users: 10_000,
  awaitsSaving: true,
  ingestConnections: 16,
  readConnections: 32,
  warmSeconds: 2,
  readWarmSeconds: 3,
  ingestSeconds: 5,
  readSeconds: 4,
  populations: [10_000, 100_000, 1_000_000],
  trafficSeconds: 5,
  restarts: 3,
  reactionRounds: 3,
  probeSeconds: 4,
  ruleCounts: [1, 10, 50],
  ruleSeconds: 2.5,
  timers: 1_000_000,
  idleSeconds: 5,
  liveTimers: 10_000,
  silenceSeconds: 4,
  against: { rounds: 3, users: 300_000, tenthUsers: 20_000, actions: 300_000, seconds: 6, warmSeconds: 3 },
  day: { rounds: 2, users: 50_000, seconds: 6 },
  cluster: {
    rounds: 3,
    nats: 3,
    populations: [10_000, 100_000],
    kills: 5,
    leaves: 3,
    replayActions: 500_000,
    replays: 3,
  },
}

export const PLANS = {
  full: FULL,
  quick: {
    ...FULL,
    rounds: 1,
    warmSeconds: 0.5,
    readWarmSeconds: 1.5,
    ingestSeconds: 1,
    readSeconds: 0.8,
    populations: [10_000, 100_000],
    trafficSeconds: 1,
    restarts: 1,
    reactionRounds: 1,
    probeSeconds: 2,
    ruleCounts: [50],
    ruleSeconds: 1,
    timers: 100_000,
    idleSeconds: 2,
    against: { ...FULL.against, rounds: 2, actions: 150_000, seconds: 4 },
    day: { rounds: 1, users: 20_000, seconds: 3 },
    cluster: {
      rounds: 1,
      nats: 1,
      populations: [10_000],
      kills: 1,
      leaves: 1,
      replayActions: 100_000,
      replays: 1,
    },
  },
  smoke: {
    ...FULL,
    rounds: 1,
    awaitsSaving: false,
    users: 1_000,
    warmSeconds: 0.1,
    readWarmSeconds: 0.1,
    ingestSeconds: 0.2,
    readSeconds: 0.2,
    populations: [1_000],
    trafficSeconds: 0.2,
    restarts: 1,
    reactionRounds: 1,
    probeSeconds: 0.5,
    ruleCounts: [2],
    ruleSeconds: 0.2,
    timers: 1_000,
    idleSeconds: 0.5,
    liveTimers: 200,
    silenceSeconds: 2,
    against: { rounds: 1, users: 1_000, tenthUsers: 1_000, actions: 5_000, seconds: 0.3, warmSeconds: 0.1 },
    day: { rounds: 1, users: 1_000, seconds: 0.5 },
    cluster: {
      rounds: 1,
      nats: 1,
      populations: [1_000],
      kills: 1,
      leaves: 1,
      replayActions: 2_000,
      replays: 1,
    },
  },
} satisfies Record<string, BenchPlan>

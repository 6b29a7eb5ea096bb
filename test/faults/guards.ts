// The guards that the fault suite must miss when they are gone, each as an edit of the source.

export interface Mutation {
  name: string
  what: string
  edits: readonly { file: string; find: string; put: string }[]
  /** Kinds of faults that matter for it, or parts of their names. */
  only: readonly string[]
  /** Of one run. */
  minutes: number
}

/**
 * The two go together: an owner of the past whose epoch nobody compares still counts its commits on
 * from its own number, and that fits those of its successor hardly ever. With the numbers in place,
 * no run of ours has found the epoch missing.
 */
const NO_FENCE = {
  file: 'src/adapters/redis/redis-scripts.ts',
  find: `if held[1] ~= ARGV[1] then return 'fenced' end
local last = tonumber(held[2])
if last < tonumber(ARGV[2]) then return 'lost' end
if last >= tonumber(ARGV[3]) then return 'late' end
`,
  put: '',
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'epoch',
    what: 'commits to Redis compare neither the epoch nor their numbers',
    edits: [NO_FENCE],
    only: ['frozen past', 'cut off', 'connections stalled', 'SIGTERM'],
    minutes: 3,
  },
  {
    name: 'sequence',
    what: 'a user does not drop what the profile has seen',
    edits: [
      {
        file: 'actors/users/user-actor.ts',
        find: 'const seen = sequence <= profile.sequence\n',
        put: 'const seen = false\n',
      },
      {
        file: 'actors/users/user-actor.ts',
        find: '  if (sequence <= profile.sequence) return false\n',
        put: '',
      },
    ],
    only: ['killed (-9)', 'Redis', 'replies'],
    minutes: 3,
  },
  {
    name: 'offset',
    what: 'the offset is committed before the profiles it covers',
    edits: [
      {
        file: 'actors/saving/checkpointer.ts',
        find: '    try {\n      const commits: Promise<void>[] = []\n',
        put: `    try {
      await this.#snapshots.commit(this.#shard, { epoch: this.#epoch, offset: applied, savedAt, profiles: [] })
      const commits: Promise<void>[] = []
`,
      },
    ],
    only: ['killed (-9)', 'Redis killed', 'replies of Redis', 'cut'],
    minutes: 3,
  },
  {
    name: 'resend',
    what: 'ioredis queues and sends writes again by itself, and commits to Redis compare neither the epoch nor their numbers',
    edits: [
      NO_FENCE,
      {
        file: 'src/adapters/redis/redis-connection.ts',
        find: `  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
`,
        put: '  maxRetriesPerRequest: null,\n  autoResendUnfulfilledCommands: true,\n',
      },
      {
        file: 'src/adapters/redis/redis-connection.ts',
        find: 'return { ...STRICT, ...access, enableOfflineQueue: false, retryStrategy: reconnectDelayMs }',
        put: 'return { ...STRICT, ...access, enableOfflineQueue: true, retryStrategy: reconnectDelayMs }',
      },
    ],
    only: ['Redis', 'frozen past', 'cut', 'one-way', 'stalled'],
    minutes: 3,
  },
]

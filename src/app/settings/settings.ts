// The settings of a node, read from the environment. It reports every wrong one at once.
import { availableParallelism } from 'node:os'
import { durationMs } from '../../model/duration.ts'
import { isLoopback } from '../../runtime/loopback.ts'
import { type ClusterSettings, listOf, readClusterSettings, type SettingsReader } from './cluster-settings.ts'

export interface Settings {
  /** Path of the definition; undefined: the built-in one. */
  definitionPath: string | undefined
  host: string
  port: number
  dataPath: string
  shards: number
  /** Path of the API key file; undefined: no keys, loopback only. */
  keysPath: string | undefined
  /** Origins whose web pages may use the API. */
  origins: readonly string[]
  hotUsersMax: number
  /** Threads that share the shards and the API's port. */
  threads: number
  /** How much of the log is kept. A bound that is left out keeps everything. */
  keep: LogRetention
  /** Undefined: embedded storage. */
  cluster: ClusterSettings | undefined
}

export interface LogRetention {
  /** Milliseconds that a record is kept at least. */
  ageMs?: number
  /** Bytes above which the oldest records of the whole log go. */
  bytes?: number
}

/** Threads share the port through SO_REUSEPORT. Only these systems spread connections over it. */
const PORT_CAN_BE_SHARED = ['linux', 'freebsd'].includes(process.platform)
const THREADS_MAX_DEFAULT = 4
/** One core is left to LMDB's writer, the collector's helpers and other programs. */
const THREADS_DEFAULT = PORT_CAN_BE_SHARED
  ? Math.max(1, Math.min(THREADS_MAX_DEFAULT, availableParallelism() - 1))
  : 1

export class SettingsError extends Error {
  readonly problems: string[]

  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

type Environment = Record<string, string | undefined>

/** Errors: SettingsError with every problem. */
export function readSettings(env: Environment): Settings {
  const problems: string[] = []
  const text = (name: string) => env[`PULSEPRINT_${name}`]?.trim() || undefined
  const integer = (name: string, standard: number, min: number, max: number): number => {
    const given = text(name)
    if (given === undefined) return standard
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
    if (value >= min && value <= max) return value
    problems.push(`PULSEPRINT_${name} is "${given}": it must be a whole number from ${min} to ${max}`)
    return standard
  }
  const shards = integer('SHARDS', 16, 1, 1_024)
  const port = integer('PORT', 8080, 0, 65_535)
  const reader = { text, integer, problem: (message: string) => problems.push(message) }
  const cluster = readClusterSettings(reader, shards, port)
  const settings: Settings = {
    definitionPath: text('DEFINITION'),
    host: text('HOST') ?? '127.0.0.1',
    port,
    dataPath: text('DATA') ?? './data',
    shards,
    keysPath: text('KEYS'),
    origins: readOrigins(reader),
    hotUsersMax: integer('HOT_USERS', 200_000, 1_000, 100_000_000),
    threads: integer('THREADS', cluster ? 1 : THREADS_DEFAULT, 1, 64),
    keep: readRetention(reader),
    cluster,
  }
  if (settings.threads > settings.shards)
    problems.push('PULSEPRINT_THREADS must be at most PULSEPRINT_SHARDS')
  if (settings.threads > 1 && cluster) {
    problems.push('PULSEPRINT_THREADS must be 1 in a cluster: run a node for each core')
  }
  if (settings.threads > 1 && !PORT_CAN_BE_SHARED) {
    problems.push('PULSEPRINT_THREADS must be 1 on this system, where threads cannot share a port')
  }
  if (!isLoopback(settings.host) && !settings.keysPath) {
    problems.push(
      `PULSEPRINT_HOST is "${settings.host}": without API keys (PULSEPRINT_KEYS) the engine listens on loopback only`,
    )
  }
  if (problems.length > 0) throw new SettingsError(problems)
  return settings
}

const RETENTION_AGE_MIN_MS = 3_600_000
const RETENTION_BYTES_MIN = 64 * 1024 * 1024

function readRetention({ text, integer, problem }: SettingsReader): LogRetention {
  const keep: LogRetention = {}
  const age = text('LOG_AGE')
  if (age !== undefined) {
    const ageMs = durationMs(age)
    if (ageMs !== undefined && ageMs >= RETENTION_AGE_MIN_MS) keep.ageMs = ageMs
    else problem(`PULSEPRINT_LOG_AGE is "${age}": it must be a duration such as 30d, of 1h or more`)
  }
  if (text('LOG_BYTES') !== undefined) {
    keep.bytes = integer('LOG_BYTES', RETENTION_BYTES_MIN, RETENTION_BYTES_MIN, Number.MAX_SAFE_INTEGER)
  }
  return keep
}

function readOrigins({ text, problem }: SettingsReader): string[] {
  const origins = listOf(text('ORIGINS') ?? '')
  for (const origin of origins) {
    const url = URL.parse(origin)
    if (url && ['http:', 'https:'].includes(url.protocol) && url.origin === origin && !origin.includes('*'))
      continue
    problem(
      `PULSEPRINT_ORIGINS has "${origin}": name exact origins, such as https://shop.example, separated by commas`,
    )
  }
  return origins
}

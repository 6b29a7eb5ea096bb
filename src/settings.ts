// The settings of a node, read from the environment. Every bad one is reported at once.
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'

export interface Settings {
  /** Path of the definition; undefined: the built-in one. */
  definitionPath: string | undefined
  host: string
  port: number
  dataPath: string
  shards: number
  /** Path of the API key file; undefined: no keys, loopback only. */
  keysPath: string | undefined
  hotUsersMax: number
  /** Threads that share the shards and the API's port. */
  threads: number
}

/** Threads share the port through SO_REUSEPORT, which spreads connections on these systems only. */
const PORT_CAN_BE_SHARED = ['linux', 'freebsd'].includes(process.platform)
const THREADS_DEFAULT = PORT_CAN_BE_SHARED ? Math.min(4, availableParallelism()) : 1

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
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
    if (value >= min && value <= max) return value
    problems.push(`PULSEPRINT_${name} is "${given}": it must be a whole number from ${min} to ${max}`)
    return standard
  }
  const settings: Settings = {
    definitionPath: text('DEFINITION'),
    host: text('HOST') ?? '127.0.0.1',
    port: integer('PORT', 8080, 0, 65_535),
    dataPath: text('DATA') ?? './data',
    shards: integer('SHARDS', 16, 1, 1_024),
    keysPath: text('KEYS'),
    hotUsersMax: integer('HOT_USERS', 200_000, 1_000, 100_000_000),
    threads: integer('THREADS', THREADS_DEFAULT, 1, 64),
  }
  if (settings.threads > settings.shards)
    problems.push('PULSEPRINT_THREADS must be at most PULSEPRINT_SHARDS')
  if (settings.threads > 1 && !PORT_CAN_BE_SHARED) {
    problems.push('PULSEPRINT_THREADS must be 1 on this system, where threads cannot share a port')
  }
  for (const name of ['NATS', 'REDIS']) {
    if (text(name))
      problems.push(`PULSEPRINT_${name} is set, but this version runs on embedded storage only: unset it`)
  }
  if (!isLoopback(settings.host) && !settings.keysPath) {
    problems.push(
      `PULSEPRINT_HOST is "${settings.host}": without API keys (PULSEPRINT_KEYS) the engine listens on loopback only`,
    )
  }
  if (problems.length > 0) throw new SettingsError(problems)
  return settings
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

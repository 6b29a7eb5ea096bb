// One server process of this machine: where its output goes, whether it runs, and its end, which
// comes at the latest with ours.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { LastWill } from './last-will.ts'

/** Characters of the log that an error shows: enough to see why. */
const SHOWN_LENGTH_MAX = 3_000

export interface LocalProcessOptions {
  /** Output is added to it. */
  logFile: string
  env?: NodeJS.ProcessEnv
  /**
   * Puts the process into a group of its own: a terminal's Ctrl-C then reaches us alone, and the
   * will ends it with us.
   */
  lastWill?: LastWill | undefined
}

export class LocalProcess {
  readonly name: string
  readonly logFile: string
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  readonly #logStart: number
  #failure: Error | undefined

  constructor(
    name: string,
    command: string,
    args: readonly string[],
    { logFile, env = process.env, lastWill }: LocalProcessOptions,
  ) {
    this.name = name
    this.logFile = logFile
    const log = openSync(logFile, 'a')
    this.#logStart = fstatSync(log).size
    const detached = lastWill !== undefined
    this.#child = spawn(command, args, { env, stdio: ['ignore', log, log], detached })
    closeSync(log)
    if (this.pid !== undefined) lastWill?.add(this.pid)
    const endWithUs = () => this.#child.kill('SIGKILL')
    process.on('exit', endWithUs)
    this.ended = once(this.#child, 'exit')
      .then(() => {})
      .catch((error: Error) => {
        this.#failure = error
      })
      .finally(() => process.off('exit', endWithUs))
  }

  /** Undefined if it could not be started at all. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.#child
    return pid !== undefined && exitCode === null && signalCode === null
  }

  /** What it has said since it was started. */
  get output(): string {
    return readFileSync(this.logFile).subarray(this.#logStart).toString('utf8')
  }

  /** Throws, with how it ended and what it said last, if it does not run. */
  assertRunning(): void {
    if (this.running) return
    const { exitCode, signalCode } = this.#child
    const how = this.#failure?.message ?? `it ended with ${signalCode ?? exitCode}`
    throw new Error(`${this.name}: ${how}\n${this.lastWords}`)
  }

  get lastWords(): string {
    return `${this.output.slice(-SHOWN_LENGTH_MAX).trim()}\n(${this.logFile})`
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal)
  }

  /**
   * Sends the signal and waits for the end; one that does not follow in time is killed. Gives
   * whether it ended by itself.
   */
  async end(signal: 'SIGTERM' | 'SIGKILL', patienceMs = 60_000): Promise<boolean> {
    this.signal(signal)
    const impatience = new AbortController()
    const { signal: calm } = impatience
    const late = pause(patienceMs, true, { signal: calm }).catch(() => false)
    const tooLate = await Promise.race([this.ended.then(() => false), late])
    impatience.abort()
    if (tooLate) this.signal('SIGKILL')
    await this.ended
    return !tooLate
  }
}

// One server under test as a process of its own: its port, what it costs, and its end.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The checkout that the benchmark itself is of. */
export const OWN_ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Length of a tick of /proc/PID/stat: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_SECONDS = 0.01

export class ServerProcess {
  readonly #child: ChildProcess
  #output = ''
  #endedByUs = false

  /**
   * @param module path from the root of the checkout
   * @param root of the checkout
   */
  constructor(module: string, args: string[], env: Record<string, string>, root = OWN_ROOT) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PULSEPRINT_'))
    const options = { cwd: root, env: { ...Object.fromEntries(own), ...env }, silent: true }
    this.#child = fork(module, args, options)
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-10_000)
      })
    }
    // Whoever was talking to it sees only a closed connection.
    this.#child.once('exit', (code, signal) => {
      if (!this.#endedByUs)
        console.error(`${module} ended by itself with ${signal ?? code}:\n${this.#output}`)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get output(): string {
    return this.#output
  }

  /** Throws, with how it ended and its output, where the process has ended. */
  assertRunning(): void {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null)
      throw new Error(`a server ended with ${signalCode ?? exitCode}:\n${this.#output}`)
  }

  /** Sends a message to the process and gives the next that comes back. */
  async ask<T>(): Promise<T> {
    const answer = once(this.#child, 'message')
    this.#child.send('measure')
    return (await answer)[0] as T
  }

  /** CPU time of all its threads so far, in seconds. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.pid)
  }

  /**
   * Bytes of resident memory that belong to it alone; pages of mapped files are the system's cache.
   */
  anonymousBytes(): number {
    return anonymousBytesOf(this.pid)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#endedByUs = true
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }
}

/** CPU time of all threads of a process so far, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
}

/** Bytes of resident memory that belong to a process alone. */
export function anonymousBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024
}

// One child process of a test on the pinned Node: what it said, how it ended, and the most memory
// it ever held.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Characters of output kept: enough to see why a process failed. */
const OUTPUT_LENGTH_MAX = 20_000

type Environment = Record<string, string>

/** As `npm start` sets it. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' }

export class Child {
  readonly #process: ChildProcess
  readonly #ended: Promise<void>
  readonly #endWithUs = () => this.#process.kill('SIGKILL')
  #output = ''

  /**
   * Runs a module of the checkout. `env` replaces every PULSEPRINT_ variable of our own
   * environment.
   */
  constructor(args: readonly string[], env: Environment, cwd = ROOT) {
    this.#process = spawn(process.execPath, args, {
      cwd,
      env: { ...ALLOCATOR, ...withoutSettings(process.env), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_LENGTH_MAX)
      })
    }
    process.on('exit', this.#endWithUs)
    this.#ended = once(this.#process, 'close').then(() => {
      process.off('exit', this.#endWithUs)
    })
  }

  /** Standard output and error so far, as they came. */
  get output(): string {
    return this.#output
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Resolves when the process has ended, with its exit code; null if a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.#process.exitCode
  }

  /** Sends the signal; SIGSTOP keeps it from running until SIGCONT. */
  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    if (this.running) this.#process.kill(signal)
  }

  /** Sends the signal and waits for the end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.signal(signal)
    await this.#ended
  }

  /**
   * Peak resident memory so far, in MiB; undefined if the system does not say, or the process has
   * ended.
   */
  peakMemoryMiB(): number | undefined {
    return this.#memoryMiB('VmHWM')
  }

  /**
   * Memory of its own now, in MiB: without the files that are mapped into it, which the system
   * takes back when it needs to.
   */
  ownMemoryMiB(): number | undefined {
    return this.#memoryMiB('RssAnon')
  }

  #memoryMiB(field: 'VmHWM' | 'RssAnon'): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8')
      const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
      return kibibytes === undefined ? undefined : Math.round(Number(kibibytes) / 1024)
    } catch {
      return undefined
    }
  }
}

function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PULSEPRINT_')))
}

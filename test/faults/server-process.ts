// One server process of the suite: started, killed, stopped where it stands and started again, its
// output in a file. Whatever still runs when the suite ends is killed with it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'

const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

export interface Command {
  file: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
}

export class ServerProcess {
  readonly name: string
  /** All its lives write here. */
  readonly logPath: string
  readonly #command: Command
  readonly #onDeath: (how: string) => void
  #child: ChildProcess | undefined
  /** Ended by the suite, not by itself. */
  #endedOnPurpose = true

  /** @param onDeath called when it ends although nobody ended it */
  constructor(name: string, logFolder: string, command: Command, onDeath: (how: string) => void = () => {}) {
    this.name = name
    this.logPath = `${logFolder}/${name}.log`
    this.#command = command
    this.#onDeath = onDeath
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /** Starts the process; it need not be ready yet. @param env on top of its own */
  start(env: NodeJS.ProcessEnv = {}): void {
    if (this.#child) throw new Error(`${this.name} runs already`)
    const log = openSync(this.logPath, 'a')
    const { file, args } = this.#command
    const child = spawn(file, args, {
      env: { ...(this.#command.env ?? process.env), ...env },
      stdio: ['ignore', log, log, 'ipc'],
    })
    closeSync(log)
    this.#child = child
    this.#endedOnPurpose = false
    alive.add(child)
    // What is sent to a process that is about to end is lost, and that is all right.
    child.on('error', () => {})
    child.once('exit', (code, signal) => {
      alive.delete(child)
      if (this.#child === child) this.#child = undefined
      if (!this.#endedOnPurpose) this.#onDeath(`ended with ${signal ?? code}`)
    })
  }

  /**
   * Resolves when it has ended; at once where it does not run. Gives the exit code, null after a
   * signal.
   */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child
    if (!child) return null
    this.#endedOnPurpose = true
    const exit = once(child, 'exit')
    child.kill(signal)
    return (await exit)[0] as number | null
  }

  /** Resolves with the exit code once it ends by itself. */
  async endsByItself(): Promise<number | null> {
    const child = this.#child
    if (!child) return null
    this.#endedOnPurpose = true
    return (await once(child, 'exit'))[0] as number | null
  }

  /** Stops the process where it stands, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** To the module preloaded into a node. */
  tell(message: object): void {
    this.#child?.send(message)
  }

  /** The last lines of what it has said. */
  tail(lines: number): string {
    return readFileSync(this.logPath, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  }
}

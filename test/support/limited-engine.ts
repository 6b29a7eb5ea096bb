// The engine as a process whose files may not grow past a size: what a full disk does to it,
// without one. Node ignores the signal that comes with it, so that writes fail like those to a full
// disk.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { PROGRAM } from './program.ts'
import { freePort } from './servers.ts'
import { until } from './until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Ended {
  code: number | null
  output: string
}

export class LimitedEngine {
  readonly url: string
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #output = ''

  private constructor(port: number, env: Record<string, string>, fileBytesMax: number | undefined) {
    this.url = `http://127.0.0.1:${port}`
    // `ulimit -f` counts blocks of 1,024 bytes; the soft limit can be raised again.
    const limit = fileBytesMax === undefined ? '' : `ulimit -Sf ${Math.floor(fileBytesMax / 1024)};`
    const command = `${limit} exec "$0" "$1" start`
    const settings = { PULSEPRINT_PORT: String(port), ...env }
    this.#child = spawn('bash', ['--norc', '-c', command, process.execPath, PROGRAM], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    this.#closed = once(this.#child, 'close')
  }

  /**
   * Call inside a test, with which the process ends at the latest. It may still be starting, or
   * fail to.
   */
  static async spawn(env: Record<string, string>, fileBytesMax?: number): Promise<LimitedEngine> {
    const engine = new LimitedEngine(await freePort(), env, fileBytesMax)
    onTestFinished(async () => {
      await engine.#end('SIGKILL')
    })
    return engine
  }

  /** Resolves when it serves; throws, with what it said, if it ended instead. */
  async ready(): Promise<this> {
    await until(
      async () => {
        if (!this.running) throw new Error(`the engine ended:\n${this.#output}`)
        return (await fetch(`${this.url}/readyz`).catch(() => undefined))?.ok
      },
      () => `the engine never became ready:\n${this.#output}`,
    )
    return this
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get output(): string {
    return this.#output
  }

  /** There is room on the disk again. */
  liftLimit(): void {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(this.#child.pid), '--fsize=unlimited:'])
    if (status !== 0) throw new Error(`prlimit failed: ${stderr}`)
  }

  async ended(): Promise<Ended> {
    await this.#closed
    return { code: this.#child.exitCode, output: this.#output }
  }

  stop(): Promise<Ended> {
    return this.#end('SIGTERM')
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Ended> {
    if (this.running) this.#child.kill(signal)
    return this.ended()
  }
}

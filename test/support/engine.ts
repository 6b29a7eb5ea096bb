// A real engine as a process of its own, on a free port and a data folder of its own: killed,
// restarted on the same folder and port, and gone with its data after remove().
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFailed, onTestFinished } from 'vitest'
import { Child } from './child.ts'
import { PROGRAM } from './program.ts'
import { freePort } from './servers.ts'
import { until } from './until.ts'

/** Further PULSEPRINT_ variables by name. */
type Settings = Record<string, string>

/** It has two threads, unless the settings say otherwise. */
export class EngineProcess {
  readonly url: string
  readonly dataPath: string
  readonly #env: Record<string, string>
  #child: Child
  #saidBefore = ''

  private constructor(port: number, dataPath: string, definitionPath: string, settings: Settings) {
    this.url = `http://127.0.0.1:${port}`
    this.dataPath = dataPath
    this.#env = {
      PULSEPRINT_THREADS: '2',
      ...settings,
      PULSEPRINT_DEFINITION: definitionPath,
      PULSEPRINT_PORT: String(port),
      PULSEPRINT_DATA: dataPath,
    }
    this.#child = this.#spawn()
  }

  /** Starts an engine that is ready. Outside of tests: end it with remove(). */
  static async start(definitionPath: string, settings: Settings = {}): Promise<EngineProcess> {
    const dataPath = await mkdtemp(join(tmpdir(), 'pulseprint-engine-'))
    const engine = new EngineProcess(await freePort(), dataPath, definitionPath, settings)
    try {
      await engine.ready()
    } catch (error) {
      await engine.remove()
      throw error
    }
    return engine
  }

  /** Starts an engine for the running test, which shows what the engine said if it fails. */
  static async startForTest(definitionPath: string, settings: Settings = {}): Promise<EngineProcess> {
    const engine = await EngineProcess.start(definitionPath, settings)
    onTestFailed(() => console.error(engine.output))
    onTestFinished(() => engine.remove())
    return engine
  }

  /** What all its lives have said. */
  get output(): string {
    return this.#saidBefore + this.#child.output
  }

  get peakMemoryMiB(): number | undefined {
    return this.#child.peakMemoryMiB()
  }

  get ownMemoryMiB(): number | undefined {
    return this.#child.ownMemoryMiB()
  }

  /** From its next start on, the engine's clock is ahead of the real one by so much. */
  setClockAhead(ms: number): void {
    this.#env.NODE_OPTIONS = `--import ${new URL('clock-ahead.ts', import.meta.url)}`
    this.#env.CLOCK_AHEAD_MS = String(ms)
  }

  /** Starts the ended engine again; it need not be ready yet. */
  restart(): void {
    if (this.#child.running) throw new Error('the engine still runs')
    this.#saidBefore += this.#child.output
    this.#child = this.#spawn()
  }

  /** Starts the ended engine again, which reads its log from the start. It need not become ready. */
  async restartWithoutSnapshots(): Promise<void> {
    await rm(join(this.dataPath, 'snapshots'), { recursive: true })
    this.restart()
  }

  /** Resolves when /readyz says so. Throws, with its output, if the engine ended instead. */
  async ready(): Promise<void> {
    await until(
      async () => {
        if (!this.#child.running) throw new Error(`the engine ended:\n${this.output}`)
        const response = await fetch(`${this.url}/readyz`).catch(() => undefined)
        await response?.body?.cancel()
        return response?.ok
      },
      () => `the engine did not become ready:\n${this.output}`,
    )
  }

  /** `kill -9`. */
  kill(): Promise<void> {
    return this.#child.end('SIGKILL')
  }

  /** Lets it save and end by itself. */
  stop(): Promise<void> {
    return this.#child.end('SIGTERM')
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.dataPath, { recursive: true, force: true })
  }

  /** The JSON of an answer. Throws, with its text, unless the status is a success. */
  async json<T>(path: string, body?: unknown): Promise<T> {
    const init = body === undefined ? {} : postOf(body)
    const response = await fetch(this.url + path, init)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  #spawn(): Child {
    return new Child([PROGRAM, 'start'], this.#env)
  }
}

function postOf(body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}

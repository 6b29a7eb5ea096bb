// `pulseprint import` as a process of its own, with what its report says.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.ts'
import type { EngineProcess } from './engine.ts'
import { PROGRAM } from './program.ts'

/**
 * The report's own words and numbers: `rows read`, `accepted`, and `reason: no CustomerID` for each
 * reason.
 */
export type ImportReport = Record<string, number>

export class Importer {
  readonly #args: string[]
  readonly #statePath: string
  #child: Child
  #saidBefore = ''

  private constructor(engine: EngineProcess, file: string, mapping: string, statePath: string) {
    const [url, state] = [`--url=${engine.url}`, `--state=${statePath}`]
    this.#args = [PROGRAM, 'import', file, `--map=${mapping}`, url, state]
    this.#statePath = statePath
    this.#child = this.#spawn()
  }

  /** Starts an import with a checkpoint folder of its own; end it with remove(). */
  static async start(engine: EngineProcess, file: string, mapping: string): Promise<Importer> {
    return new Importer(engine, file, mapping, await mkdtemp(join(tmpdir(), 'pulseprint-import-')))
  }

  /** What all its runs have said. */
  get output(): string {
    return this.#saidBefore + this.#child.output
  }

  get running(): boolean {
    return this.#child.running
  }

  /** Starts the killed import again, with the same command. */
  restart(): void {
    if (this.#child.running) throw new Error('the import still runs')
    this.#saidBefore += this.#child.output
    this.#child = this.#spawn()
  }

  /** `kill -9`. */
  kill(): Promise<void> {
    return this.#child.end('SIGKILL')
  }

  /** The last run's report. Throws, with its output, if the import failed. */
  async finished(): Promise<ImportReport> {
    const code = await this.#child.ended()
    if (code !== 0) throw new Error(`the import ended with ${code}:\n${this.output}`)
    return parseReport(this.#child.output)
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#statePath, { recursive: true, force: true })
  }

  #spawn(): Child {
    return new Child(this.#args, {})
  }
}

function parseReport(output: string): ImportReport {
  const report: ImportReport = {}
  for (const line of output.split('\n')) {
    const [, name, number] = /^ {2}([a-z ]+?) +([\d,]+)\b/.exec(line) ?? []
    if (name !== undefined) report[name] = Number(number!.replaceAll(',', ''))
    const [, reason, rows] = /^ {4}(\S.*): ([\d,]+)$/.exec(line) ?? []
    if (reason !== undefined) report[`reason: ${reason}`] = Number(rows!.replaceAll(',', ''))
  }
  return report
}

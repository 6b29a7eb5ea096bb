// One run of an import: reads rows, sends them in lanes, and saves checkpoints as it goes. Why it
// neither loses nor doubles a row is explained in row-window.ts.
import { CliError } from '../cli-error.ts'
import type { EngineClient } from '../engine-client.ts'
import type { Mapped } from './mapping/map-row.ts'
import type { Row } from './mapping/row-expression.ts'
import { type Checkpoint, lockImport, type StatePaths, saveCheckpoint } from './place/checkpoint.ts'
import { checkEngineHasNone, checkFirstRow, rowHash } from './place/first-rows.ts'
import { type ImportFacts, type StartOptions, startingPoint } from './place/starting-point.ts'
import { checkWitness, type Witness } from './place/witness.ts'
import { MalformedRow, type RowBatch, type Rows } from './reading/read-rows.ts'
import { RejectedFile } from './rejected-file.ts'
import type { RejectedRow } from './report.ts'
import { RowWindow, WINDOW_ROWS_MAX } from './row-window.ts'
import { type Entry, LANE_DEFAULTS, Lanes } from './sending/lanes.ts'
import type { Patience } from './sending/patience.ts'
import { fateOf, sendBatch } from './sending/send-batch.ts'
import type { Fate, Tally } from './tally.ts'

export interface ImportPlan {
  facts: ImportFacts
  paths: StatePaths
  start: StartOptions
  client: EngineClient
  rows: Rows
  map(row: Row): Mapped
  retryForMs: number
  onRetry(reason: string): void
}

const SAVE_ROWS = WINDOW_ROWS_MAX / 4
const SAVE_INTERVAL_MS = 1_000

export class ImportRun {
  readonly #plan: ImportPlan
  readonly #unlock: () => void
  readonly #start: Checkpoint
  readonly #window: RowWindow
  readonly #rejected: RejectedFile
  readonly #lanes: Lanes
  readonly #abort = new AbortController()
  #stopping = false
  #savedAtMs = performance.now()
  #witness: Witness | null
  #firstRow: string | null = null
  /** Rows sent in this run. */
  sent = 0
  firstRejected: RejectedRow | undefined

  /**
   * Throws CliError if the import cannot go on from where it was; otherwise it holds the lock until
   * `run` ends.
   */
  constructor(plan: ImportPlan) {
    this.#plan = plan
    this.#unlock = lockImport(plan.paths.lock)
    try {
      this.#start = startingPoint(plan.paths.checkpoint, plan.facts, plan.start, Date.now())
      this.#rejected = new RejectedFile(plan.paths.rejected, this.#start.rejectedBytes)
    } catch (error) {
      this.#unlock()
      throw error
    }
    const { mark, tally, witness } = this.#start
    this.#witness = witness
    this.#window = new RowWindow(mark, structuredClone(tally), (row, fate) => this.#onPassed(row, fate))
    this.#lanes = new Lanes({ ...LANE_DEFAULTS, send: (batch) => this.#send(batch) })
  }

  /** An earlier run did everything. */
  get alreadyComplete(): boolean {
    return this.#start.complete
  }
  get resumedAfter(): number {
    return this.#start.mark
  }
  /** Rows done, counted over all runs. */
  get mark(): number {
    return this.#window.mark
  }
  get tally(): Tally {
    return this.#window.tally
  }

  /** Reads no more; rows under way are still waited for. */
  stop(): void {
    this.#stopping = true
  }

  /** True if the input was read to its end. Throws CliError; what was acknowledged stays. */
  async run(): Promise<boolean> {
    const { rows } = this.#plan
    try {
      if (this.#witness) await checkWitness(this.#plan.client, this.#witness, this.#patience)
      const { value: first = [] } = await rows.next()
      await this.#checkFirst(first)
      return this.alreadyComplete || (await this.#runAll(first))
    } finally {
      this.#abort.abort()
      await rows.return(undefined)
      this.#unlock()
    }
  }

  async #checkFirst(rows: RowBatch): Promise<void> {
    const { facts, start, client } = this.#plan
    const firstRow = rows.length > 0 ? rowHash(rows[0]) : null
    if (!start.resumeAnyway) {
      checkFirstRow(this.#start.firstRow, firstRow)
      const users = new Set(rows.map((row) => userIn(this.#map(row))).filter((user) => user !== undefined))
      if (this.#start.sentUpTo === 0) {
        await checkEngineHasNone(client, facts.identity, users, this.#patience)
      }
    }
    this.#firstRow = firstRow
  }

  async #runAll(first: RowBatch): Promise<boolean> {
    this.#save({ mayYetSend: WINDOW_ROWS_MAX })
    const failures: unknown[] = []
    await this.#readAll(first).catch((error) => failures.push(error))
    await this.#drain().catch((error) => failures.push(error))
    const complete = !this.#stopping && failures.length === 0
    this.#save({ mayYetSend: 0, complete })
    if (failures.length === 0) return complete
    const [error] = failures
    if (!(error instanceof CliError)) throw error
    const hint = `${this.mark} rows are done; the same command goes on after them.`
    throw new CliError(`${error.message}\n${hint}`, error.exitCode)
  }

  async #readAll(first: RowBatch): Promise<void> {
    let number = 0
    for await (const rows of followedBy(first, this.#plan.rows)) {
      for (const row of rows) {
        if (++number <= this.#start.mark) continue
        const mapped = this.#map(row)
        const user = userIn(mapped)
        while (!this.#window.hasRoom(user)) await this.#makeRoom()
        this.#enter(row, mapped, user)
      }
      this.#lanes.throwFailure()
      this.#lanes.start()
      this.#saveNowAndThen()
      if (this.#stopping) return
    }
  }

  #map(row: Row | MalformedRow): Mapped {
    return row instanceof MalformedRow
      ? { rejected: 'MALFORMED_ROW', message: row.message }
      : this.#plan.map(row)
  }

  #enter(row: Row | MalformedRow, mapped: Mapped, user: string | undefined): void {
    const number = this.#window.enter(user)
    const source = row instanceof MalformedRow ? row.source : row
    if ('skipped' in mapped) {
      this.#window.settle(number, { kind: 'skipped', reason: mapped.skipped })
    } else if ('rejected' in mapped) {
      const { rejected: reason, message } = mapped
      this.#window.settle(number, { kind: 'rejected', reason, message, row: source })
    } else {
      mapped.action.id ??= `${this.#start.identity}:${number}`
      this.#lanes.offer(mapped.user, { row: number, line: JSON.stringify(mapped.action), source })
    }
  }

  /** Saves what was acknowledged since the last checkpoint, or waits until something was. */
  async #makeRoom(): Promise<void> {
    this.#lanes.start()
    if (this.#window.mark > this.#window.savedMark) this.#save({ mayYetSend: WINDOW_ROWS_MAX })
    else await this.#lanes.progress()
  }

  async #drain(): Promise<void> {
    this.#lanes.start()
    while (!this.#lanes.idle) await this.#lanes.progress()
  }

  get #patience(): Patience {
    const { retryForMs, onRetry } = this.#plan
    return { retryForMs, onRetry, signal: this.#abort.signal }
  }

  async #send(batch: readonly Entry[]): Promise<void> {
    const lines = batch.map(({ line }) => line)
    const { receipts, sentBefore } = await sendBatch(this.#plan.client, lines, this.#patience)
    this.sent += batch.length
    const { shard, sequence } = receipts[0]!
    if (shard !== undefined && sequence !== undefined) this.#witness = { shard, sequence }
    for (const [index, { row, source }] of batch.entries()) {
      const ours = sentBefore || row <= this.#start.sentUpTo
      this.#window.settle(row, fateOf(receipts[index]!, ours, source))
    }
  }

  #onPassed(row: number, fate: Fate): void {
    if (fate.kind !== 'rejected') return
    this.firstRejected ??= { row, code: fate.reason, message: fate.message }
    this.#rejected.add(row, fate.reason, fate.message, fate.row)
  }

  #saveNowAndThen(): void {
    const rows = this.#window.mark - this.#window.savedMark
    const due = performance.now() - this.#savedAtMs > SAVE_INTERVAL_MS
    if (rows >= SAVE_ROWS || (due && rows > 0)) this.#save({ mayYetSend: WINDOW_ROWS_MAX })
  }

  #save({ mayYetSend, complete = false }: { mayYetSend: number; complete?: boolean }): void {
    const { mark, newest, tally } = this.#window
    const sentUpTo = Math.max(this.#start.sentUpTo, mayYetSend === 0 ? newest : mark + mayYetSend)
    this.#rejected.flush()
    saveCheckpoint(this.#plan.paths.checkpoint, {
      ...this.#start,
      firstRow: this.#firstRow,
      mark,
      sentUpTo: complete ? mark : sentUpTo,
      complete,
      rejectedBytes: this.#rejected.bytes,
      tally,
      witness: this.#witness,
      savedAt: new Date().toISOString(),
    })
    this.#window.saved()
    this.#savedAtMs = performance.now()
  }
}

function userIn(mapped: Mapped): string | undefined {
  return 'action' in mapped && mapped.user !== '' ? mapped.user : undefined
}

async function* followedBy(first: RowBatch, rest: Rows): Rows {
  yield first
  yield* rest
}

// One run of an import: reads rows, sends them in lanes, and saves checkpoints as it goes. Why it
// neither loses nor doubles a row is explained in row-window.ts.
import { CliError } from '../cli-error.ts'
import type { EngineClient } from '../engine-client.ts'
import { type Mapped, userIn } from './mapping/map-row.ts'
import { OrderWatch } from './order-watch.ts'
import { askStanding, checkContent, checkEngineHasNone, checkWitness } from './place/check-place.ts'
import {
  type Checkpoint,
  lockImport,
  type StatePaths,
  saveCheckpoint,
  type Witness,
} from './place/checkpoint.ts'
import { type ImportFacts, type StartOptions, startingPoint } from './place/starting-point.ts'
import { followedBy, type NumberedRow, type NumberedRows, UnusableRow } from './reading/read-rows.ts'
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
  /** In the order in which they are to be sent. */
  rows: NumberedRows
  /** What a checkpoint keeps of the content, once the first rows are read. */
  contentHash(first: readonly NumberedRow[]): string | null
  map(row: NumberedRow['row']): Mapped
  retryForMs: number
  onRetry(reason: string): void
  /** Something that people want to know at once. */
  onNote(text: string): void
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
  #contentHash: string | null = null
  #watch: OrderWatch | undefined
  /** Rows under way whose times were moved. */
  readonly #timesMoved = new Set<number>()
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
      const { value: first = [] } = await rows.next()
      if (this.#stopping) return false
      await this.#checkPlace(first)
      return this.alreadyComplete || (await this.#runAll(first))
    } finally {
      this.#abort.abort()
      await rows.return(undefined)
      this.#unlock()
    }
  }

  async #checkPlace(first: readonly NumberedRow[]): Promise<void> {
    const { start, client, map, contentHash, onNote } = this.#plan
    this.#contentHash = contentHash(first)
    checkContent(this.#start, this.#contentHash, start.resumeAnyway)
    const standing = await askStanding(client, this.#patience)
    if (this.#witness && standing) checkWitness(client, this.#witness, standing)
    if (this.#start.sentUpTo === 0 && !start.resumeAnyway) {
      const users = new Set(first.map(({ row }) => userIn(map(row))).filter((user) => user !== undefined))
      await checkEngineHasNone(client, this.#start.identity, users, this.#patience)
    }
    // Without stages and rules, the order of rows decides nothing.
    if (standing?.historyWaitMs === null) return
    const historyWaitMs = standing?.historyWaitMs ?? Infinity
    this.#watch = new OrderWatch(historyWaitMs, onNote)
    const breakMs = this.mark > 0 ? Date.now() - Date.parse(this.#start.savedAt) : 0
    if (breakMs > historyWaitMs) {
      this.tally.longestBreakMs = Math.max(this.tally.longestBreakMs, breakMs)
    }
  }

  async #runAll(first: readonly NumberedRow[]): Promise<boolean> {
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

  async #readAll(first: readonly NumberedRow[]): Promise<void> {
    let place = 0
    for await (const rows of followedBy(first, this.#plan.rows)) {
      for (const row of rows) {
        if (++place <= this.#start.mark) continue
        const mapped = this.#plan.map(row.row)
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

  #enter(source: NumberedRow, mapped: Mapped, user: string | undefined): void {
    const row = this.#window.enter(user)
    if ('skipped' in mapped) {
      this.#window.settle(row, { kind: 'skipped', reason: mapped.skipped })
    } else if ('rejected' in mapped) {
      const { rejected: reason, message } = mapped
      this.#window.settle(row, { kind: 'rejected', reason, message, source })
    } else {
      this.#watch?.entered(row, source.number, mapped)
      if (mapped.timeMoved) this.#timesMoved.add(row)
      mapped.action.id ??= `${this.#start.identity}:${source.number}`
      this.#lanes.offer(mapped.user, { row, line: JSON.stringify(mapped.action), source })
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
    const nowMs = performance.now()
    for (const [index, { row, source }] of batch.entries()) {
      this.#watch?.answered(row, nowMs)
      const ours = sentBefore || row <= this.#start.sentUpTo
      this.#window.settle(row, fateOf(receipts[index]!, ours, source))
    }
  }

  #onPassed(row: number, fate: Fate): void {
    this.#watch?.passed(row, this.tally)
    if (this.#timesMoved.delete(row)) this.tally.timesMoved++
    if (fate.kind !== 'rejected') return
    const { reason, message, source } = fate
    this.firstRejected ??= { row: source.number, code: reason, message }
    const { row: read } = source
    this.#rejected.add(source.number, reason, message, read instanceof UnusableRow ? read.source : read)
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
      contentHash: this.#contentHash,
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

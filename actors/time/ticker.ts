// Lets time pass in one shard. When something is due for users, it appends a tick to the log.
// Applying the tick fires their timers, so a replay repeats it.
import { LIMITS } from '../../src/limits.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Wake } from '../../src/snapshots/snapshot-store.ts'
import type { HotUser } from '../users/hot-user.ts'
import type { WakeQueue } from './wake-queue.ts'

/** Pause after a tick that could not be appended. */
const RETRY_MS = 200

export interface TickerDeps {
  clock: Clock
  logger: Logger
  queue: WakeQueue
  hotUser(name: string): HotUser | undefined
  unsaved(): Iterable<HotUser>
  /** Called for each user that is woken. The number is how late that is, in milliseconds. */
  observe(latenessMs: number): void
  /** Appends a tick and resolves when it is applied. */
  tick(users: readonly string[]): Promise<void>
}

export class Ticker {
  readonly #deps: TickerDeps
  #cancel: () => void = () => {}
  #armedFor = Number.POSITIVE_INFINITY
  #running: Promise<void> | undefined
  #stopped = false
  #failing = false

  constructor(deps: TickerDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#arm()
  }

  /** Appends no more ticks. Resolves when a tick under way is applied. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#running
  }

  /** Queues a user whose profile has changed. */
  changed(user: HotUser): void {
    if (this.#deps.queue.changed(user) && !this.#running) this.#arm()
  }

  #arm(): void {
    if (this.#stopped) return
    const { clock, queue } = this.#deps
    const now = clock.now()
    const next = queue.next(now)
    if (next >= this.#armedFor && this.#armedFor > now) return
    this.#armAfter(Math.max(0, next - now))
  }

  #armAfter(delayMs: number): void {
    this.#cancel()
    this.#armedFor = this.#deps.clock.now() + delayMs
    this.#cancel = this.#deps.clock.after(delayMs, () => {
      this.#armedFor = Number.POSITIVE_INFINITY
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined
      })
    })
  }

  async #run(): Promise<void> {
    const { clock, logger, queue, tick, unsaved, observe } = this.#deps
    const due: Wake[] = []
    try {
      const now = clock.now()
      await queue.refill(now, unsaved())
      if (this.#stopped) return
      this.#takeDue(due, now)
      if (due.length > 0) await tick(due.map(({ user }) => user))
      for (const { wakeAt } of due) observe(now - wakeAt)
      this.#failing = false
    } catch (error) {
      if (this.#stopped) return
      if (!this.#failing) logger.error('a tick could not be appended', { error })
      this.#failing = true
      queue.putBack(due)
      this.#armAfter(RETRY_MS)
      return
    }
    if (!this.#stopped) this.#armAfter(Math.max(0, queue.next(clock.now()) - clock.now()))
  }

  #takeDue(due: Wake[], now: number): void {
    const { queue, hotUser } = this.#deps
    const names = new Set<string>()
    while (due.length < LIMITS.tickUsersMax) {
      const wake = queue.take(now)
      if (!wake) return
      const { user } = wake
      const hot = hotUser(user)
      if (hot) hot.queuedAt = Number.POSITIVE_INFINITY
      // A hot user knows its own time best. The entry of a cold user agrees with its profile.
      const wakeAt = hot?.profile?.standing?.wakeAt ?? wake.wakeAt
      if (hot && wakeAt > now) queue.changed(hot)
      if (wakeAt > now || names.has(user)) continue
      names.add(user)
      due.push({ wakeAt, user })
    }
  }
}

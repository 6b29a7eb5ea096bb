// Lets time pass in one shard: when something is due for users, it appends a tick for them to the log, and applying the
// tick fires their timers. A replay therefore repeats it.
import { LIMITS } from '../src/limits.ts'
import type { Clock } from '../src/runtime/clock.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { HotUser } from './user-actor.ts'
import type { WakeQueue } from './wake-queue.ts'

/** Pause after a tick that could not be appended. */
const RETRY_MS = 200

export interface TickerParts {
  clock: Clock
  logger: Logger
  queue: WakeQueue
  hotUser(name: string): HotUser | undefined
  unsaved(): Iterable<HotUser>
  /** Appends a tick and resolves when it is applied. */
  tick(users: readonly string[]): Promise<void>
}

export class Ticker {
  readonly #parts: TickerParts
  #cancel: () => void = () => {}
  #armedFor = Number.POSITIVE_INFINITY
  #running: Promise<void> | undefined
  #stopped = false

  constructor(parts: TickerParts) {
    this.#parts = parts
  }

  start(): void {
    this.#arm()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#running
  }

  /** Takes note of a user whose profile has changed. */
  changed(user: HotUser): void {
    if (this.#parts.queue.changed(user) && !this.#running) this.#arm()
  }

  #arm(): void {
    if (this.#stopped) return
    const { clock, queue } = this.#parts
    const now = clock.now()
    const next = queue.next(now)
    if (next >= this.#armedFor && this.#armedFor > now) return
    this.#armAfter(Math.max(0, next - now))
  }

  #armAfter(delayMs: number): void {
    this.#cancel()
    this.#armedFor = this.#parts.clock.now() + delayMs
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      this.#armedFor = Number.POSITIVE_INFINITY
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined
      })
    })
  }

  async #run(): Promise<void> {
    const { clock, logger, queue, tick, unsaved } = this.#parts
    const users = new Set<string>()
    try {
      const now = clock.now()
      await queue.refill(now, unsaved())
      this.#takeDue(users, now)
      if (users.size > 0) await tick([...users])
    } catch (error) {
      if (this.#stopped) return
      logger.error('a tick could not be appended', { error })
      queue.putBack(users)
      this.#armAfter(RETRY_MS)
      return
    }
    if (!this.#stopped) this.#armAfter(Math.max(0, queue.next(clock.now()) - clock.now()))
  }

  #takeDue(users: Set<string>, now: number): void {
    const { queue, hotUser } = this.#parts
    while (users.size < LIMITS.tickUsersMax) {
      const name = queue.take(now)
      if (name === undefined) return
      const standing = hotUser(name)?.profile?.standing
      // A hot user knows best; the entry of a cold one is as its profile.
      if (!standing || standing.wakeAt <= now) users.add(name)
    }
  }
}

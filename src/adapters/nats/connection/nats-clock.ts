// The clock of a node in a cluster. It is checked against the NATS servers when it starts and now and
// then; in between only the monotonic clock moves it. So if the machine's own time jumps, no timer
// fires early and no action gets a wrong date. The clock never goes back.
import type { JetStreamManager } from '@nats-io/jetstream'
import { PulseprintError } from '../../../errors.ts'
import { LIMITS } from '../../../limits.ts'
import { type Clock, systemClock } from '../../../runtime/clock.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { askedOfStream } from '../jetstream/jetstream-ask.ts'

/** How often the servers are asked again. */
const CHECK_INTERVAL_MS = 10_000
/**
 * The monotonic clock stands still while a machine is suspended. If this clock is so far behind the
 * servers, and the wall clock agrees with them, it is set again.
 */
const DRIFT_MAX_MS = 1_000
const ASKED_TIMES = 3

export class NatsClock implements Clock {
  readonly #ask: () => Promise<number>
  readonly #logger: Logger
  /** What has to be added to the monotonic clock, ms. */
  #base: number
  #cancel = () => {}

  private constructor(ask: () => Promise<number>, logger: Logger) {
    this.#ask = ask
    this.#logger = logger
    this.#base = Date.now() - performance.now()
  }

  /**
   * Errors: CLOCK_SKEW if the machine's clock is too far from that of the NATS servers;
   * STORAGE_UNAVAILABLE.
   * @param stream any stream that is there: information about it carries the server's time
   */
  static async start(manager: JetStreamManager, stream: string, logger: Logger): Promise<NatsClock> {
    const ask = async () => {
      const sent = performance.now()
      const info = await askedOfStream(manager, stream, 'the time of NATS cannot be asked for')
      const halfway = (performance.now() - sent) / 2
      // The type of the client leaves the field out.
      return Date.parse((info as unknown as { ts: string }).ts) + halfway - performance.now()
    }
    const clock = new NatsClock(ask, logger)
    const skew = await clock.#skew()
    if (Math.abs(skew) > LIMITS.clockSkewMaxMs) {
      throw new PulseprintError(
        'CLOCK_SKEW',
        `this machine's clock is ${(Math.abs(skew) / 1_000).toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'} that of the NATS servers: set it right`,
      )
    }
    clock.#checkLater()
    return clock
  }

  now(): number {
    return Math.floor(this.#base + performance.now())
  }

  after(delayMs: number, callback: () => void): () => void {
    return systemClock.after(delayMs, callback)
  }

  stop(): void {
    this.#cancel()
  }

  /**
   * How far this clock is ahead of the servers', ms. An answer may have been held up, so the least of
   * a few counts.
   */
  async #skew(): Promise<number> {
    const skews: number[] = []
    while (skews.length < ASKED_TIMES) skews.push(this.#base - (await this.#ask()))
    return skews.reduce((least, skew) => (Math.abs(skew) < Math.abs(least) ? skew : least))
  }

  #checkLater(): void {
    this.#cancel = this.after(CHECK_INTERVAL_MS, () => {
      this.#check()
        .catch(() => {})
        .finally(() => this.#checkLater())
    })
  }

  async #check(): Promise<void> {
    const skew = await this.#skew()
    if (Math.abs(skew) <= DRIFT_MAX_MS) return
    const wall = Date.now() - performance.now()
    const wallSkew = wall - (this.#base - skew)
    if (skew < 0 && Math.abs(wallSkew) <= DRIFT_MAX_MS) {
      this.#base = wall
      this.#logger.warn('the clock was set again: the machine was asleep', { skewMs: Math.round(skew) })
    } else {
      this.#logger.warn("this node's clock differs from that of the NATS servers", {
        skewMs: Math.round(skew),
      })
    }
  }
}

// One log record on its way through the actors of its users: which users must apply a part of it,
// and what became of its actions.
import { decodeActions, decodeHeader, decodeTick } from '../../src/ingest/records.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import type { Action } from '../../src/model/action.ts'
import type { HotUser, RecordInFlight } from '../users/hot-user.ts'
import type { HotUsers } from '../users/hot-users.ts'
import { tell } from '../users/user-actor.ts'

export class RecordApplication implements RecordInFlight {
  readonly sequence: number
  readonly receivedAt: number
  readonly isTick: boolean
  readonly actions: RecordInFlight['actions']
  next: RecordInFlight['next']
  readonly outcomes: RecordInFlight['outcomes'] = []
  readonly effects: RecordInFlight['effects'] = []
  /** The user of each action, or the users of the tick. */
  readonly #names: readonly string[]
  readonly #done: Promise<void>
  #remaining = 0
  readonly #applied: (user: HotUser, changed: boolean) => void
  #finish: () => void = () => {}
  #fail: (error: unknown) => void = () => {}

  /** @param applied called for each user's part */
  constructor({ sequence, payload, decoded }: LogRecord, applied: (user: HotUser, changed: boolean) => void) {
    const { kind, receivedAt } = decodeHeader(payload)
    this.sequence = sequence
    this.receivedAt = receivedAt
    this.isTick = kind === 'tick'
    this.actions = this.isTick ? [] : ((decoded as Action[] | undefined) ?? decodeActions(payload))
    this.#names = this.isTick ? decodeTick(payload) : this.actions.map(({ user }) => user)
    this.#applied = applied
    this.#done = new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
    })
  }

  /** Goes through the actors of the users. Resolves when all have applied their part. */
  async run(users: HotUsers): Promise<void> {
    if (this.#names.length === 0) return
    const hot = users.activate(this.#names, (error) => this.failed(error))
    if (this.isTick) this.#tellTick(hot)
    else this.#tellActions(hot)
    await this.#done
  }

  #tellTick(users: readonly HotUser[]): void {
    this.#remaining = users.length
    for (const [position, user] of users.entries()) tell(user, { kind: 'tick', turn: this, position })
  }

  /** All of a user's actions of the record go in one message. */
  #tellActions(users: readonly HotUser[]): void {
    const receivers: HotUser[] = []
    for (let position = 0; position < users.length; position++) {
      const user = users[position]!
      const message = user.gathering
      if (message) {
        this.next ??= new Uint32Array(users.length)
        this.next[message.last] = position
        message.last = position
      } else {
        user.gathering = { kind: 'apply', turn: this, first: position, last: position }
        receivers.push(user)
      }
    }
    this.#remaining = receivers.length
    for (const user of receivers) {
      const message = user.gathering!
      user.gathering = undefined
      tell(user, message)
    }
  }

  applied(user: HotUser, changed: boolean): void {
    this.#applied(user, changed)
    if (--this.#remaining === 0) this.#finish()
  }

  failed(error: unknown): void {
    this.#fail(error)
  }
}

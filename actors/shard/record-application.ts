// One log record on its way through the actors of its users: which users must apply a part of it,
// and what became of its actions.
import { decodeActions, decodeHeader, decodeTick } from '../../src/ingest/records.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import type { Action } from '../../src/model/action.ts'
import type { ApplyMessage, HotUser, RecordInFlight, TickMessage } from '../users/hot-user.ts'
import type { HotUsers } from '../users/hot-users.ts'
import { tell } from '../users/user-actor.ts'

export class RecordApplication implements RecordInFlight {
  readonly sequence: number
  readonly receivedAt: number
  readonly isTick: boolean
  readonly actions: RecordInFlight['actions']
  readonly next: RecordInFlight['next']
  readonly #messages: ReadonlyMap<string, ApplyMessage | TickMessage>
  readonly outcomes: RecordInFlight['outcomes'] = []
  readonly effects: RecordInFlight['effects'] = []
  readonly #done: Promise<void>
  #remaining: number
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
    this.next = new Uint32Array(this.actions.length)
    this.#messages = this.isTick ? tickMessages(this, decodeTick(payload)) : applyMessages(this, this.actions)
    this.#remaining = this.#messages.size
    this.#applied = applied
    this.#done = new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
    })
  }

  /** Goes through the actors of the users. Resolves when all have applied their part. */
  async run(users: HotUsers): Promise<void> {
    if (this.#remaining === 0) return
    users.activate(this.#messages.keys(), (error) => this.failed(error))
    for (const [name, message] of this.#messages) tell(users.get(name)!, message)
    await this.#done
  }

  applied(user: HotUser, changed: boolean): void {
    this.#applied(user, changed)
    if (--this.#remaining === 0) this.#finish()
  }

  failed(error: unknown): void {
    this.#fail(error)
  }
}

/** All of a user's actions of the record in one message. */
function applyMessages(turn: RecordApplication, actions: readonly Action[]): Map<string, ApplyMessage> {
  const messages = new Map<string, ApplyMessage>()
  for (let position = 0; position < actions.length; position++) {
    const { user } = actions[position]!
    const message = messages.get(user)
    if (message) {
      turn.next[message.last] = position
      message.last = position
    } else messages.set(user, { kind: 'apply', turn, first: position, last: position })
  }
  return messages
}

function tickMessages(turn: RecordApplication, users: readonly string[]): Map<string, TickMessage> {
  return new Map(users.map((user, position) => [user, { kind: 'tick', turn, position }]))
}

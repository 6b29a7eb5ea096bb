// One log record on its way through the actors of its users: who has to apply what of it, and what became of it.
import type { Action } from '../src/model/action.ts'
import type { ApplyMessage, RecordTurn, TickMessage } from './messages.ts'
import type { HotUser } from './user-actor.ts'

export class Turn implements RecordTurn {
  readonly sequence: number
  readonly receivedAt: number
  readonly outcomes: RecordTurn['outcomes'] = []
  readonly effects: RecordTurn['effects'] = []
  readonly done: Promise<void>
  remaining = 0
  readonly #applied: (user: HotUser, changed: boolean) => void
  #finish: () => void = () => {}
  #fail: (error: unknown) => void = () => {}

  constructor(sequence: number, receivedAt: number, applied: (user: HotUser, changed: boolean) => void) {
    this.sequence = sequence
    this.receivedAt = receivedAt
    this.#applied = applied
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
    })
  }

  applied(user: HotUser, changed: boolean): void {
    this.#applied(user, changed)
    if (--this.remaining === 0) this.#finish()
  }

  failed(error: unknown): void {
    this.#fail(error)
  }
}

/** All of a user's actions of the record in one message. */
export function applyMessages(turn: Turn, actions: readonly Action[]): Map<string, ApplyMessage> {
  const messages = new Map<string, ApplyMessage>()
  for (let position = 0; position < actions.length; position++) {
    const action = actions[position]!
    const message = messages.get(action.user)
    if (message) {
      message.actions.push(action)
      message.positions.push(position)
    } else {
      messages.set(action.user, { kind: 'apply', turn, actions: [action], positions: [position] })
    }
  }
  return messages
}

export function tickMessages(turn: Turn, users: readonly string[]): Map<string, TickMessage> {
  return new Map(users.map((user, position) => [user, { kind: 'tick', turn, position }]))
}

// Answers the questions of other threads and nodes from the shards that run here.
import type { Handlers } from '../../src/calls/call-protocol.ts'
import { questionNamed } from '../../src/questions/questions.ts'
import type { LocalEngine } from './local-engine.ts'

/** @param mayAnswer throws if another node may run this node's shards by now */
export function questionHandler(local: LocalEngine, mayAnswer: () => void = () => {}): Handlers {
  return {
    ask(name: string, parameters: unknown) {
      const question = questionNamed(name)
      if (question.scope === 'every shard') return local.parts(question, parameters)
      mayAnswer()
      return local.ask(question, parameters)
    },
  }
}

// GET /healthz and /readyz: is the process alive, and may it be sent requests.
import { Type } from 'typebox'
import { PulseprintError } from '../../src/errors.ts'
import { json, openProblems } from '../schemas/answers.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'

const Status = Type.Object({ status: Type.String() })
const Ready = Type.Object({
  status: Type.String(),
  problem: Type.Optional(Type.String({ description: 'Why no actions are taken; reads are served.' })),
})

export function healthRoutes(scope: Scope, { engine }: Services): void {
  const alive = {
    summary: 'Is the process alive?',
    tags: ['operate'],
    response: { 200: json('It is.', Status), ...openProblems() },
  }
  scope.get('/healthz', { schema: alive }, (_request, reply) => {
    sendJson(reply, '{"status":"ok"}')
  })

  const ready = {
    summary: 'May it be sent requests?',
    tags: ['operate'],
    response: { 200: json('Yes.', Ready), ...openProblems('NOT_READY') },
  }
  scope.get('/readyz', { schema: ready }, (_request, reply) => {
    const reason = engine.notReady()
    if (reason !== undefined) throw new PulseprintError('NOT_READY', reason)
    const problem = engine.storageProblem()
    sendJson(
      reply,
      problem === undefined ? '{"status":"ready"}' : JSON.stringify({ status: 'ready', problem }),
    )
  })
}

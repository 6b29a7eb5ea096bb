// GET /metrics: everything Prometheus wants to know.
import { prometheusContentType } from 'prom-client'
import { problems, text } from '../schemas/answers.ts'
import type { Scope } from '../scope.ts'

const schema = {
  summary: 'Metrics for Prometheus',
  tags: ['operate'],
  response: { 200: text('Prometheus text format.'), ...problems() },
}

export function metricsRoute(scope: Scope, metrics: () => Promise<string>): void {
  let making: Promise<string> | undefined
  scope.get('/metrics', { schema }, async (_request, reply) => {
    // Callers that ask at the same time get the same text.
    making ??= metrics().finally(() => {
      making = undefined
    })
    return reply.header('content-type', prometheusContentType).send(await making)
  })
}

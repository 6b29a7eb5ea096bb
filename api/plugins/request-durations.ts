// Measures every request by route, method and status. Addresses that no route has share one label,
// so that a scanner cannot make the metrics grow.
import type { FastifyInstance } from 'fastify'
import type { RequestDurations } from '../../src/runtime/metrics.ts'

export function measureRequests(app: FastifyInstance, durations: RequestDurations): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    done()
  })
}

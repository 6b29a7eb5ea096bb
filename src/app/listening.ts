// How an API begins to listen and ends, alone on a port or together with other threads.
import { createServer } from 'node:net'
import type { FastifyInstance, FastifyListenOptions } from 'fastify'

/** Listens on a port together with the other threads; the system spreads the connections. */
export function listenShared(app: FastifyInstance, host: string, port: number): Promise<string> {
  // Fastify passes this option to the server, but its types do not name it.
  const options: FastifyListenOptions & { reusePort: boolean } = { host, port, reusePort: true }
  return app.listen(options)
}

/** Errors: that of listening, EADDRINUSE for example. */
export function portMustBeFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen({ host, port }, () => probe.close(() => resolve()))
  })
}

/** How long requests that are under way may take to end once the engine stops. */
const CLOSE_WAIT_MS = 5_000

/** Takes no more requests, and cuts off those that do not end in time. */
export async function closeApi(app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_WAIT_MS)
  await app.close()
  clearTimeout(cut)
}

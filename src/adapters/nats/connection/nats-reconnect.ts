// Paces the tries to come back to NATS. The client itself compares wall-clock times: if the clock was
// set back by an hour since it last tried a server, it tries none for an hour. So its own pause is
// switched off, and each try waits by the monotonic clock instead.
import type { ConnectionOptions } from '@nats-io/transport-node'

/** Shortest time between two tries of one server, and up to how much longer at random. */
const PAUSE_MS = 200
const JITTER_MS = 100

export function reconnecting(): Pick<ConnectionOptions, 'reconnectDelayHandler' | 'reconnectToServer'> {
  /** When each server may be tried again. */
  const due = new Map<string, number>()
  return {
    reconnectDelayHandler: () => Number.NEGATIVE_INFINITY,
    reconnectToServer(servers) {
      // The first is the one that the client would try.
      const [server] = servers
      if (!server) return null
      const now = performance.now()
      const at = Math.max(now, due.get(server.listen) ?? now)
      const known = new Set(servers.map(({ listen }) => listen))
      for (const listen of due.keys()) if (!known.has(listen)) due.delete(listen)
      due.set(server.listen, at + PAUSE_MS + Math.random() * JITTER_MS)
      return { server, delay: at - now }
    },
  }
}

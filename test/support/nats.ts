// Real nats-servers for tests: one, or a cluster of three, with JetStream in a temporary folder
// that outlives a kill and goes when the servers are stopped for good.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NatsServers, startNatsServers } from '../../deploy/local-servers/nats.ts'

export type { NatsServer, NatsServers } from '../../deploy/local-servers/nats.ts'

/**
 * Starts `count` servers: one by itself, more as a cluster. `stop` also removes their folder.
 * @param syncInterval `always`: they fsync before each acknowledgement
 */
export async function startNats(count: 1 | 3 = 1, syncInterval = 'always'): Promise<NatsServers> {
  const folder = mkdtempSync(join(tmpdir(), 'pulseprint-nats-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const { servers, addresses, stop } = await startNatsServers({ folder, count, syncInterval })
    return { servers, addresses, stop: (signal) => stop(signal).finally(remove) }
  } catch (error) {
    remove()
    throw error
  }
}

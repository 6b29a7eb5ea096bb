// Packed bodies that are small on the wire and large in memory: each unpacks to nearly the most a
// body may have, in actions of the most bytes an action may have, and reaches every shard.
import { gzipSync } from 'node:zlib'
import { shardOf } from '../../src/model/hash.ts'
import type { EngineProcess } from './engine.ts'

const SHARDS = 16
const PADDING = 32_000
const ACTIONS = 505
/** Bodies on their way at a time. */
const IN_FLIGHT = 32

export interface PackedLoad {
  /** Bytes sent. */
  sent: number
  /** How many answers had each status. */
  statuses: Record<string, number>
}

/** One user of each shard. */
function users(): string[] {
  const found: string[] = []
  for (let number = 0; found.filter((user) => user).length < SHARDS; number++) {
    found[shardOf(`packed-${number}`, SHARDS)] ??= `packed-${number}`
  }
  return found
}

/** Sends packed bodies for so long, or so many. */
export async function sendPackedBodies(
  engine: EngineProcess,
  { seconds = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY },
): Promise<PackedLoad> {
  const load: PackedLoad = { sent: 0, statuses: {} }
  const names = users()
  const padding = 'x'.repeat(PADDING)
  const deadline = performance.now() + seconds * 1000
  let left = count
  const send = async () => {
    while (left-- > 0 && performance.now() < deadline) {
      const actions = Array.from({ length: ACTIONS }, (_, index) => ({
        userId: index < 160 ? names[index % SHARDS] : names[0],
        action: 'x',
        properties: { padding },
      }))
      const body = gzipSync(JSON.stringify(actions))
      load.sent += body.length
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      const status = await fetch(`${engine.url}/v1/actions`, { method: 'POST', headers, body }).then(
        async (response) => {
          await response.arrayBuffer()
          return String(response.status)
        },
        () => 'no answer',
      )
      load.statuses[status] = (load.statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, send))
  return load
}

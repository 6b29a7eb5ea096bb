// The limit: publishes to JetStream that does nothing else, of records as large as those the engine
// wrote, one in flight per shard.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager, StorageType } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { startNatsServers } from '../../deploy/local-servers/nats.ts'
import { JetStreamPublisher } from '../../src/adapters/nats/jetstream/jetstream-publish.ts'
import type { Cleanup } from './cleanup.ts'
import type { BenchPlan } from './plan.ts'

export interface BareJetStream {
  recordsPerSecond: number
  bytesPerSecond: number
  recordBytes: number
}

/** As the engine spreads them by default. */
const SHARDS = 16
const STREAMS = 2

/** Records in the log of a cluster, and their mean size. */
export async function recordsOf(servers: string[]): Promise<{ bytes: number }> {
  const connection = await connect({ servers })
  const manager = await jetstreamManager(connection)
  let [messages, bytes] = [0, 0]
  for (let index = 0; index < STREAMS; index++) {
    const { state } = await manager.streams.info(`pulseprint-log-${index}`)
    messages += state.messages
    bytes += state.bytes
  }
  await connection.close()
  return { bytes: messages === 0 ? 0 : Math.round(bytes / messages) }
}

export async function measureBareJetStream(
  plan: BenchPlan,
  { bytes }: { bytes: number },
  cleanup: Cleanup,
): Promise<BareJetStream> {
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-bench-nats-'))
  const nats = await startNatsServers({ folder, count: 1 })
  const stop = cleanup.defer(async () => {
    await nats.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const connection = await connect({ servers: nats.addresses })
  const manager = await jetstreamManager(connection)
  for (let stream = 0; stream < STREAMS; stream++) {
    await manager.streams.add({
      name: `bare-${stream}`,
      subjects: [`bare.${stream}.*`],
      storage: StorageType.File,
    })
  }
  const publisher = new JetStreamPublisher(connection)
  const payload = Buffer.alloc(bytes, 'p')
  const publishFor = async (seconds: number) => {
    const start = performance.now()
    const end = start + seconds * 1_000
    let records = 0
    const shards = Array.from({ length: SHARDS }, async (_, shard) => {
      const subject = `bare.${shard % STREAMS}.${shard}`
      while (performance.now() < end) {
        await publisher.publish([{ subject, payload }])
        records += 1
      }
    })
    await Promise.all(shards)
    return records / ((performance.now() - start) / 1_000)
  }
  await publishFor(plan.warmSeconds)
  const recordsPerSecond = await publishFor(plan.ingestSeconds)
  await connection.close()
  await stop()
  return { recordsPerSecond, bytesPerSecond: recordsPerSecond * bytes, recordBytes: bytes }
}

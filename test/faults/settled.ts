// When everything has come to rest after the last fault: each shard has one owner that all nodes
// agree on, nothing lags, everyone is silent, and all of it is saved.

import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { until } from '../support/until.ts'
import type { Http } from './http.ts'
import type { Ledger } from './ledger.ts'
import type { Observed } from './observed.ts'
import { openSnapshots } from './stores.ts'
import { LOG_STREAMS, PREFIX, SHARDS, type Topology } from './topology.ts'

const REST_MS_MAX = 60_000

interface ShardLine {
  shard: number
  owner: string
  epoch: number
  lag: number
}

/**
 * Resolves when every node names the same owner for each shard, and nothing lags; notes a violation
 * where that does not come.
 */
export async function expectOneOwnerEach(topology: Topology, http: Http, ledger: Ledger): Promise<void> {
  let seen = ''
  const agreed = async () => {
    const answers = await Promise.all(
      topology.nodes.map(({ url }) => http.json<{ shards: ShardLine[] }>(url, '/v1/shards')),
    )
    const lists = answers.map((answer) => answer?.body.shards ?? [])
    const owners = lists.map((shards) => shards.map(({ owner, epoch }) => `${owner}/${epoch}`).join(' '))
    const names = new Set(topology.nodes.map(({ name }) => name))
    seen = lists.map((shards) => shards.map((line) => JSON.stringify(line)).join('\n')).join('\n\n')
    return (
      new Set(owners).size === 1 &&
      lists[0]!.length === SHARDS &&
      lists.every((shards) => shards.every(({ lag, owner }) => lag === 0 && names.has(owner)))
    )
  }
  await until(agreed, () => seen, REST_MS_MAX).catch((error: Error) =>
    ledger.violation('shards without one owner, or with a lag, long after all was well', error.message),
  )
}

/** Resolves when every user who acted was announced silent; notes those who were not. */
export async function expectAllSilent(stages: Observed, ledger: Ledger): Promise<void> {
  const awake = () =>
    [...ledger.users.values()].filter(({ userId, acts }) => {
      const last = stages.entriesOf(userId).at(-1)?.text
      return acts > 0 && !last?.includes('"to":"quiet"')
    })
  await until(
    () => awake().length === 0,
    () => 'not all are silent',
    REST_MS_MAX,
  ).catch(() => {
    for (const { userId, shard } of awake()) {
      const last = stages.entriesOf(userId).at(-1)?.text
      ledger.violation(
        'a silence was never announced',
        `${userId} in shard ${shard}: ${last ?? 'no stage at all'}`,
      )
    }
  })
}

/** Resolves when each shard's saved offset is the head of its log, and the heads stand still. */
export async function expectAllSaved(
  topology: Topology,
  connection: NatsConnection,
  ledger: Ledger,
): Promise<void> {
  const snapshots = await openSnapshots(topology)
  const manager = await jetstreamManager(connection, { checkAPI: false })
  let seen = ''
  const saved = async () => {
    const lines: string[] = []
    for (let shard = 0; shard < SHARDS; shard++) {
      const { offset } = await snapshots.checkpoint(shard)
      const subject = `${PREFIX}.log.${shard}`
      const newest = await manager.streams.getMessage(`${PREFIX}-log-${shard % LOG_STREAMS}`, {
        last_by_subj: subject,
      })
      if (offset !== (newest?.seq ?? 0)) lines.push(`shard ${shard}: saved ${offset} of ${newest?.seq}`)
    }
    seen = lines.join('\n')
    return lines.length === 0
  }
  try {
    await until(saved, () => seen, REST_MS_MAX)
  } catch (error) {
    ledger.violation('a shard was not saved to the head of its log', (error as Error).message)
  } finally {
    await snapshots.close()
  }
}

// What was measured of clusters as tables, beside what they are compared with.
import { BASELINE, type ClusterIngest, type IngestTurn, SPREAD } from './cluster-ingest.ts'
import type { ClusterMoves } from './cluster-moves.ts'
import type { ClusterReads, ReadTurn } from './cluster-reads.ts'
import type { Replays, StoredUsers } from './cluster-storage.ts'
import type { DecisionTimes } from './decisions.ts'
import type { Latency, ProbeKind } from './probe.ts'
import { figure, median, spread, table } from './report.ts'
import { WATCH_INTERVAL_MS } from './shard-watch.ts'

const MEBIBYTE = 2 ** 20

export function clusterIngestTable({ turns, bare }: ClusterIngest): string {
  const values = (name: string, key: keyof IngestTurn) =>
    turns.get(name)!.flatMap((turn) => (turn[key] === undefined ? [] : [turn[key]]))
  const rate = (name: string) => median(values(name, 'actionsPerSecond'))
  const cell = (name: string, key: keyof IngestTurn) =>
    values(name, key).length === 0 ? '' : spread(values(name, key))
  const rows = [...turns.keys()].map((name) => [
    `ingest: ${name}`,
    cell(name, 'actionsPerSecond'),
    cell(name, 'p50Ms'),
    cell(name, 'p99Ms'),
    cell(name, 'nodesCpu'),
    cell(name, 'serversCpu'),
    `${(rate(name) / rate(BASELINE)).toFixed(2)}×`,
    name === SPREAD ? '≥ 4×' : '',
  ])
  const bytes = bare.map(({ recordBytes }) => recordBytes)
  const records = bare.map(({ recordsPerSecond }) => recordsPerSecond)
  const mebibytes = bare.map(({ bytesPerSecond }) => bytesPerSecond / MEBIBYTE)
  return `${table([
    [
      'fsync before each answer, everysec aside',
      'actions/s applied',
      'batch p50, ms',
      'p99, ms',
      'CPU of Node, µs/action',
      'of NATS and Redis',
      '÷ Redis always',
      'aim',
    ],
    ...rows,
  ])}

JetStream alone, 16 publishes in flight, each of ${spread(bytes)} bytes as a record of 1 node: ${spread(records)} records/s, ${spread(mebibytes)} MiB/s.`
}

export function clusterReadsTable(reads: ClusterReads): string {
  const row = (name: string, turns: readonly ReadTurn[], aim = '') => [
    name,
    ...(['readsPerSecond', 'p50Ms', 'p99Ms', 'nodesCpu', 'serversCpu'] as const).map((key) =>
      spread(turns.map((turn) => turn[key])),
    ),
    `${(median(turns.map(rateOf)) / median(reads.atOwner.map(rateOf))).toFixed(2)}×`,
    aim,
  ]
  return table([
    [
      '2 nodes, GET profile',
      'requests/s',
      'p50, ms',
      'p99, ms',
      'CPU of Node, µs/request',
      'of NATS and Redis',
      '÷ owner',
      'aim',
    ],
    row('reads at the owner', reads.atOwner),
    row('reads through another node', reads.throughOther, '≥ 0.5×'),
    row('reads of any user at any node', reads.anywhere),
  ])
}

const rateOf = (turn: ReadTurn) => turn.readsPerSecond

export function clusterDecisionsTable({ idle, atHalfLoad, loads }: DecisionTimes): string {
  const row = (name: string, kind: ProbeKind, key: keyof Latency) => [
    name,
    ...[idle, atHalfLoad].map((rounds) => spread(rounds.map((round) => round[kind][key]))),
  ]
  return table([
    ['2 nodes, 100 single actions/s', 'idle', `beside ${figure(median(loads))} actions/s`],
    row('POST at one node to its decision on SSE of another, p50, ms', 'decision', 'p50Ms'),
    row('  p99, ms', 'decision', 'p99Ms'),
    row('  longest, ms', 'decision', 'maxMs'),
    row('POST wait=applied at any node, p50, ms', 'returning', 'p50Ms'),
    row('  p99, ms', 'returning', 'p99Ms'),
  ])
}

export function clusterMovesTable({ loads, nats, takeovers, handovers }: ClusterMoves): string {
  const load = `3 nodes, ${nats} NATS, beside ${figure(median(loads))} actions/s`
  const own = (name: string, values: readonly number[], aim = '') => [name, spread(values), aim]
  const longest = Math.max(...takeovers.flatMap(({ readMs, writeMs }) => [...readMs, ...writeMs]))
  return table([
    [load, `each shard asked every ${WATCH_INTERVAL_MS} ms`, 'aim'],
    own(
      'kill -9 to the first live read, by shard, ms',
      takeovers.flatMap(({ readMs }) => readMs),
    ),
    own(
      'kill -9 to the first acknowledged write, by shard, ms',
      takeovers.flatMap(({ writeMs }) => writeMs),
    ),
    [`  longest of ${takeovers.length} kills, ms`, figure(longest), '≤ 3,000'],
    own(
      'SIGTERM, longest pause between writes, by shard, ms',
      handovers.flatMap(({ pausesMs }) => pausesMs),
      '≤ 500',
    ),
    own(
      '  longest read, ms',
      handovers.map(({ longestReadMs }) => longestReadMs),
      '≤ 500',
    ),
    own(
      '  all shards handed over and the node gone, ms',
      handovers.map(({ tookMs }) => tookMs),
    ),
    own(
      '  failed requests',
      handovers.map(({ failed }) => failed),
      '0',
    ),
    own(
      '  reads answered by a stored profile',
      handovers.map(({ fromSnapshots }) => fromSnapshots),
      '0',
    ),
  ])
}

export function clusterStorageTable(
  stored: readonly StoredUsers[],
  { actions, actionsPerSecond, seconds }: Replays,
): string {
  const row = (name: string, of: (users: StoredUsers) => number) => [
    name,
    ...stored.map((users) => figure(of(users))),
    '',
  ]
  const only = (name: string, value: string, aim = '') => [name, value, ...stored.slice(1).map(() => ''), aim]
  return table([
    ['1 node, ten features', ...stored.map(({ users }) => `${users.toLocaleString('en')} users`), 'aim'],
    row('bytes of Redis per user, all in use', (users) => users.usedBytesPerUser),
    row('  of its keys', (users) => users.keyBytesPerUser),
    row('node with all users hot, MiB resident', ({ nodeBytes }) => nodeBytes / MEBIBYTE),
    only(
      `replay of ${actions.toLocaleString('en')} actions into an empty Redis, actions/s`,
      spread(actionsPerSecond),
      '≥ 200,000',
    ),
    only('  s', spread(seconds)),
  ])
}

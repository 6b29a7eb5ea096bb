// Says who of a cluster listens where, and what to try with it.
import type { LocalCluster } from './cluster.ts'

/** Lines for a terminal. @param command how the command line is called from here */
export function clusterMap(cluster: LocalCluster, folder: string, command = 'npx pulseprint'): string {
  const rows = [
    ['', 'address', 'process', 'log'],
    ...cluster.nodes.map(({ name, url, process }) => [name, url, process.pid, process.logFile]),
    ...cluster.nats.map(({ name, address, process }) => [
      `nats ${name}`,
      `nats://${address}`,
      process?.pid,
      process?.logFile,
    ]),
    ['redis', cluster.redis?.url, cluster.redis?.process?.pid, cluster.redis?.process?.logFile],
  ]
  const [first, last] = [cluster.nodes[0]!, cluster.nodes.at(-1)!]
  return `
The cluster is ready; its data is in ${folder}.

${table(rows)}

Try it:
  send an action to one node
    curl ${first.url}/v1/actions -H 'Content-Type: application/json' -d '{"userId":"u-17","action":"purchase"}'
  read it from another
    curl ${last.url}/v1/profiles/u-17
  see who owns which shard
    ${command} shards --url ${first.url}
  lose a node, and watch the others take over its shards
    kill -9 ${last.process.pid}; sleep 3; ${command} shards --url ${first.url}
  start one more node, in a terminal of its own
    export ${variables(cluster.settings)}
    ${command} start --port 0
  lose a server of NATS
    kill -9 ${cluster.nats[0]?.process?.pid}

Ctrl-C stops all of it.`
}

/** As a shell takes them, whatever the paths have in them. */
function variables(settings: Readonly<Record<string, string>>): string {
  const quoted = (text: string) =>
    /^[\w:/.,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(' ')
}

function table(rows: readonly (readonly unknown[])[]): string {
  const texts = rows.map((row) => row.map((cell) => String(cell ?? '')))
  const widths = texts[0]!.map((_, column) => Math.max(...texts.map((row) => row[column]!.length)))
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')
  return texts.map((row) => `  ${line(row).trimEnd()}`).join('\n')
}

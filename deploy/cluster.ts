// `npm run cluster`: the engine as a cluster on this machine, for trying things out. It runs until
// Ctrl-C.
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { LocalCluster } from './local-servers/cluster.ts'
import { clusterMap } from './local-servers/cluster-map.ts'

const NODES_MAX = 16

interface Options {
  data: string
  nodes: number
  definition?: string
}

const { data, nodes, definition } = new Command('npm run cluster --')
  .description(
    'Runs three nats-servers, one redis-server and nodes of the engine on free ports of this machine.',
  )
  .option(
    '--data <folder>',
    'where all data and logs go; started on it again, the cluster goes on',
    './data-cluster',
  )
  .option('--nodes <count>', 'nodes of the engine', countOf, 3)
  .option(
    '--definition <file>',
    'the definition of all nodes (default: PULSEPRINT_DEFINITION, or the built-in one)',
  )
  .addHelpText(
    'after',
    '\nOther settings of the engine, such as PULSEPRINT_SHARDS, are taken from the environment.',
  )
  .parse()
  .opts<Options>()

function countOf(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= NODES_MAX) return count
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${NODES_MAX}.`)
}

const folder = resolve(data)
const definitionPath = definition ?? process.env.PULSEPRINT_DEFINITION
const cluster = new LocalCluster({
  folder,
  nodes,
  definition: definitionPath ? resolve(definitionPath) : undefined,
  tell: (line) => console.log(line),
})

let told = false
async function onSignal(): Promise<void> {
  // npm passes on what a terminal has sent to both of us. Stopping ends by itself, so there is no
  // need for a harder way.
  if (told) return
  told = true
  console.log('Stopping.')
  await cluster.stop()
  console.log('All parts have stopped.')
}
process.on('SIGINT', onSignal).on('SIGTERM', onSignal)

try {
  await cluster.start()
  if (!told) console.log(clusterMap(cluster, folder))
} catch (error) {
  // One that was told to stop has said so.
  if (!told) {
    console.error(`The cluster did not start.\n${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
    await cluster.stop()
  }
}

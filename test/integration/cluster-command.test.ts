// `npm run cluster` as a user runs it: real servers and nodes, an action through one node and its profile through
// another, and nothing left behind.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { temporaryFolder } from '../support/folders.ts'
import { until } from '../support/until.ts'

const PATIENCE_MS = 120_000

interface Cluster {
  command: Child
  folder: string
}

function startCluster(...options: string[]): Cluster {
  const folder = temporaryFolder()
  const command = new Child(['deploy/cluster.ts', '--data', folder, ...options], {})
  onTestFinished(() => command.end('SIGTERM'))
  return { command, folder }
}

/** The numbers of the servers' processes, as they say them in their logs. */
function serversOf(folder: string): number[] {
  const files = ['nats/n0.log', 'nats/n1.log', 'nats/n2.log', 'redis/redis.log']
  return files.map((file) => {
    const said = /^\[?(\d+)[\]:]/.exec(readFileSync(join(folder, file), 'utf8'))
    if (!said) throw new Error(`${file} does not begin with the number of a process`)
    return Number(said[1])
  })
}

function runs(process_: number): boolean {
  try {
    process.kill(process_, 0)
    return true
  } catch {
    return false
  }
}

/** Name, address and number of each node, from the map. */
function nodesOf(output: string): { url: string; process: number }[] {
  return [...output.matchAll(/^ {2}node-\d +(http:\S+) +(\d+) /gm)].map(([, url, number]) => ({
    url: String(url),
    process: Number(number),
  }))
}

test(
  'an action through one node is read through another, and a signal ends all parts',
  async () => {
    const { command, folder } = startCluster('--nodes', '2')
    await until(
      () => {
        if (!command.running) throw new Error(command.output)
        return command.output.includes('Ctrl-C stops all of it.')
      },
      () => command.output,
      PATIENCE_MS,
    )
    const nodes = nodesOf(command.output)
    expect(nodes).toHaveLength(2)
    const processes = [...nodes.map((node) => node.process), ...serversOf(folder)]
    expect(processes.filter(runs)).toHaveLength(6)

    const [first, second] = [nodes[0]!, nodes[1]!]
    const answer = await fetch(`${first.url}/v1/actions?wait=applied`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"userId":"u-17","action":"purchase"}',
    })
    expect(answer.status).toBe(200)
    const read = await fetch(`${second.url}/v1/profiles/u-17`)
    expect(await read.json()).toMatchObject({ features: { purchases: 1 }, source: 'live' })

    // A terminal's signal comes twice: npm passes it on.
    await Promise.all([command.end('SIGTERM'), command.end('SIGTERM')])
    expect(await command.ended()).toBe(0)
    expect(command.output).toMatch(/All parts have stopped\.\n$/)
    expect(processes.filter(runs)).toEqual([])
  },
  2 * PATIENCE_MS,
)

test(
  'a node that does not start is told of with its reason, and ends all parts',
  async () => {
    const definition = join(temporaryFolder(), 'broken.yaml')
    writeFileSync(definition, 'version: 1\nfeatures: { f: { aggregate: guess } }\n')
    const { command, folder } = startCluster('--definition', definition)
    expect(await command.ended()).toBe(1)
    expect(command.output).toMatch(/The cluster did not start\.\nnode-1: it ended with 1\n.*guess/s)
    expect(serversOf(folder).filter(runs)).toEqual([])
  },
  PATIENCE_MS,
)

test('the command explains itself', async () => {
  const command = new Child(['deploy/cluster.ts', '--help'], {})
  expect(await command.ended()).toBe(0)
  expect(command.output).toMatch(/--nodes <count>.*--definition <file>/s)
})

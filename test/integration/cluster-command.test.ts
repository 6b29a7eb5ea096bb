// `npm run cluster` as a user runs it: real servers and nodes, an action through one node and its
// profile through another, and nothing left behind.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { temporaryFolder } from '../support/folders.ts'
import { PROGRAM } from '../support/program.ts'
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

/** What the map says to type for one more node, as a shell understands it. */
function joinCommand(output: string): string {
  const [, command] =
    /^ {2}start one more node.*\n {4}(export .*\n {4}npx pulseprint start .*)$/m.exec(output) ?? []
  if (!command) throw new Error(`the map does not say how to start one more node\n${output}`)
  return command
}

/** Runs a shell's text, with our own program in place of the installed one. */
async function environmentAfter(commands: string): Promise<Record<string, string>> {
  const [exports] = commands.split('\n')
  const { stdout } = await promisify(execFile)('sh', ['-c', `${exports}; env -0`], { env: {} })
  return Object.fromEntries(
    stdout
      .split('\0')
      .filter((line) => line.startsWith('PULSEPRINT_'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

async function startFurtherNode(output: string): Promise<Child> {
  const command = joinCommand(output)
  const args = command.slice(command.lastIndexOf('pulseprint ') + 11).split(' ')
  const node = new Child([PROGRAM, ...args], await environmentAfter(command))
  onTestFinished(() => node.end('SIGKILL'))
  await until(
    () => {
      if (!node.running) throw new Error(node.output)
      return node.output.includes('Pulseprint is ready')
    },
    () => node.output,
    PATIENCE_MS,
  )
  return node
}

test(
  'an action through one node is read through another, one more joins, and a signal ends all parts',
  async () => {
    const definition = join(temporaryFolder(), "ours, and what's ours.yaml")
    writeFileSync(definition, 'version: 1\nfeatures: { purchases: { aggregate: count, action: purchase } }\n')
    const { command, folder } = startCluster('--nodes', '2', '--definition', definition)
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

    // With another definition than theirs it would be refused.
    const further = await startFurtherNode(command.output)
    await further.end('SIGTERM')

    const logs = nodes.map((_, index) => readFileSync(join(folder, `node-${index + 1}.log`), 'utf8'))
    for (const log of logs) expect(log).not.toMatch(/warn .*(Redis|NATS)/)

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

// Everything that runs in one run of the suite: three nats-servers, Redis and the nodes, in one
// folder.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFINITION } from './definition.ts'
import { type NatsMember, startNatsCluster } from './nats-cluster.ts'
import { NodeProcess } from './node-process.ts'
import { RedisServer } from './redis-server.ts'

export const SHARDS = 16
export const LOG_STREAMS = 2
/** First token of all names, as it is by default. */
export const PREFIX = 'pulseprint'
/** The fewest that the engine allows: with more users than that per node, idle ones passivate. */
const HOT_USERS_MAX = 1_000

export interface TopologyOptions {
  /** Nodes that are there from the beginning. */
  nodes: number
  /** The file whose command line starts the engine. */
  program: string
}

export class Topology {
  readonly folder: string
  readonly nats: readonly NatsMember[]
  readonly redis: RedisServer
  /** Those that are meant to be there; guests come and go beside them. */
  readonly nodes: NodeProcess[] = []
  /** Nodes that ended by themselves, as `name ended with …`. */
  readonly deaths: string[] = []
  readonly #program: string
  #guests = 0

  private constructor(folder: string, program: string, nats: readonly NatsMember[], redis: RedisServer) {
    this.folder = folder
    this.#program = program
    this.nats = nats
    this.redis = redis
  }

  /** Resolves when every node is ready. */
  static async start({ nodes, program }: TopologyOptions): Promise<Topology> {
    const folder = mkdtempSync(join(tmpdir(), 'pulseprint-faults-'))
    writeFileSync(`${folder}/definition.yaml`, DEFINITION)
    const [nats, redis] = await Promise.all([startNatsCluster(folder), RedisServer.start(folder)])
    const topology = new Topology(folder, program, nats, redis)
    for (let index = 0; index < nodes; index++) {
      topology.nodes.push(await topology.prepareNode(`node-${index}`))
    }
    for (const node of topology.nodes) node.start()
    await Promise.all(topology.nodes.map((node) => node.ready()))
    return topology
  }

  /** A node that does not run yet. @param processName as its log is called */
  prepareNode(name: string, processName = name): Promise<NodeProcess> {
    return NodeProcess.prepare({
      name,
      processName,
      folder: this.folder,
      program: this.#program,
      definitionPath: `${this.folder}/definition.yaml`,
      shards: SHARDS,
      logStreams: LOG_STREAMS,
      hotUsersMax: HOT_USERS_MAX,
      natsPorts: this.nats.map(({ port }) => port),
      redisPort: this.redis.port,
      onDeath: (how, process) => this.deaths.push(`${processName} ${how}: ${process.tail(1)}`),
    })
  }

  /** A node of a name that no other has had. */
  prepareGuest(): Promise<NodeProcess> {
    return this.prepareNode(`guest-${this.#guests++}`)
  }

  /** The nats-server that leads a stream; undefined while none does. */
  async leaderOf(stream: string): Promise<NatsMember | undefined> {
    for (const member of this.nats) {
      const leader = await member.leaderOf(stream)
      if (leader !== undefined) return this.nats.find(({ name }) => name === leader)
    }
    return undefined
  }

  /** Makes every part whole and running again; resolves when each is ready. */
  async heal(): Promise<void> {
    for (const node of this.nodes) for (const link of node.links) link.state = 'whole'
    for (const { process } of [...this.nats, this.redis, ...this.nodes]) process.signal('SIGCONT')
    for (const { process } of [...this.nats, this.redis]) if (!process.running) process.start()
    await Promise.all([...this.nats.map((member) => member.ready()), this.redis.ready()])
    for (const node of this.nodes) node.start()
    await Promise.all(this.nodes.map((node) => node.ready()))
  }

  /** Ends everything. @param keep leaves the folder with its logs */
  async stop(keep: boolean): Promise<void> {
    for (const node of this.nodes) node.close()
    const nodes = this.nodes.map((node) => node.end('SIGKILL'))
    const others = [...this.nats, this.redis].map(({ process }) => process.end('SIGKILL'))
    await Promise.all([...nodes, ...others])
    if (!keep) rmSync(this.folder, { recursive: true, force: true })
  }
}

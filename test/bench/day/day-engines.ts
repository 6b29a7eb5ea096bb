// The engines that the day is measured on: one process on embedded storage, and a cluster.
import type { Cleanup } from '../cleanup.ts'
import { ClusterUnderTest, type Kept } from '../cluster-under-test.ts'
import { EngineUnderTest } from '../engine-under-test.ts'
import { HOT_USERS } from '../sides.ts'

export interface DayTarget {
  ports: number[]
  /** So far, of all processes but the load. */
  cpuSeconds(): number
  /** By the NATS servers; undefined without any. */
  kept(): Promise<Kept | undefined>
  /** Resolves when everything acknowledged is applied. */
  applied(): Promise<void>
  stop(): Promise<void>
}

export interface DayEngine {
  name: string
  /** @param root of the checkout whose engine it is */
  start(root: string, cleanup: Cleanup): Promise<DayTarget>
}

export const DAY_ENGINES: DayEngine[] = [
  {
    name: 'embedded',
    async start(root, cleanup) {
      const engine = await EngineUnderTest.start(cleanup, { hotUsers: HOT_USERS, root })
      return {
        ports: [engine.port],
        cpuSeconds: () => engine.server.cpuSeconds(),
        kept: async () => undefined,
        applied: () => engine.applied(),
        stop: engine.stop,
      }
    },
  },
  {
    name: '2 nodes, 1 NATS, Redis',
    async start(root, cleanup) {
      const cluster = await ClusterUnderTest.start(cleanup, { nodes: 2, nats: 1, root })
      return {
        ports: cluster.nodes.map(({ port }) => port),
        cpuSeconds: () => {
          const { nodes, servers } = cluster.cpuSeconds()
          return nodes + servers
        },
        kept: () => cluster.kept(),
        applied: () => cluster.applied(),
        stop: () => cluster.stop(),
      }
    },
  },
]

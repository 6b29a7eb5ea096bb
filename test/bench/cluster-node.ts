// One node of a cluster under test.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../deploy/local-servers/free-port.ts'
import type { LastWill } from '../../deploy/local-servers/last-will.ts'
import { LocalProcess } from '../../deploy/local-servers/local-process.ts'
import { until } from '../support/until.ts'

const DEFINITION = fileURLToPath(new URL('definition.yaml', import.meta.url))
const HOT_USERS = 400_000
const READY_WAIT_MS = 300_000

export interface NodeOptions {
  name: string
  /** For its log. */
  folder: string
  natsUrls: readonly string[]
  redisUrl: string
  /** Text of the definition. Default: definition.yaml. */
  definition: string | undefined
  /** Of the checkout. */
  root: string
  lastWill: LastWill
}

export interface ClusterNode {
  name: string
  port: number
  process: LocalProcess
  /** Resolves when it may be sent requests. */
  ready(): Promise<void>
}

/** Resolves when the process is there. */
export async function startNode(options: NodeOptions): Promise<ClusterNode> {
  const { name, folder, natsUrls, redisUrl, definition, root, lastWill } = options
  const port = await freePort()
  const definitionPath = definition === undefined ? DEFINITION : join(folder, 'definition.yaml')
  if (definition !== undefined) writeFileSync(definitionPath, definition)
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('PULSEPRINT_'))
  const env = {
    ...Object.fromEntries(inherited),
    PULSEPRINT_NODE: name,
    PULSEPRINT_PORT: String(port),
    PULSEPRINT_NATS: natsUrls.join(','),
    PULSEPRINT_REDIS: redisUrl,
    PULSEPRINT_DEFINITION: definitionPath,
    PULSEPRINT_HOT_USERS: String(HOT_USERS),
  }
  const logFile = join(folder, `${name}.log`)
  const program = join(root, 'src/cli/pulseprint.ts')
  const own = new LocalProcess(name, process.execPath, [program, 'start'], { logFile, env, lastWill })
  return { name, port, process: own, ready: () => ready(own, port) }
}

async function ready(node: LocalProcess, port: number): Promise<void> {
  await until(
    async () => {
      node.assertRunning()
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
      await answer?.body?.cancel()
      return answer?.ok
    },
    () => `${node.name} did not get ready\n${node.lastWords}`,
    READY_WAIT_MS,
  )
}

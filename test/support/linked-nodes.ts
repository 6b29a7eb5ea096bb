// Nodes that call each other over a real nats-server, each on a connection of its own, gone when
// the test ends.
import { randomUUID } from 'node:crypto'
import type { NatsConnection } from '@nats-io/transport-node'
import { onTestFinished } from 'vitest'
import { NatsRpc } from '../../src/adapters/nats/rpc/nats-rpc.ts'
import type { Handlers } from '../../src/calls/call-protocol.ts'
import { type LogLine, recordingLogger } from './api.ts'
import type { NatsServers } from './nats.ts'
import { connectTo, newPrefix } from './nats-stores.ts'

/** No call of a test is to end by it, where not said otherwise. */
export const LONG_MS = 600_000

export interface LinkedNode {
  instance: string
  links: NatsRpc
  connection: NatsConnection
  /** What it has logged. */
  lines: LogLine[]
}

export async function startNode(
  nats: NatsServers,
  prefix: string,
  handlers: Handlers = {},
): Promise<LinkedNode> {
  const connection = await connectTo(nats)
  const instance = randomUUID()
  const lines: LogLine[] = []
  const links = new NatsRpc(connection, prefix, instance, handlers, recordingLogger(lines))
  onTestFinished(() => links.close())
  await connection.flush()
  return { instance, links, connection, lines }
}

/** One that calls and one that is called. */
export async function startPair(nats: NatsServers, handlers: Handlers) {
  const prefix = newPrefix()
  const callee = await startNode(nats, prefix, handlers)
  const caller = await startNode(nats, prefix)
  const call = (method: string, ...parameters: unknown[]) =>
    caller.links.call<unknown>(callee.instance, method, LONG_MS, ...parameters)
  return { prefix, caller, callee, call }
}

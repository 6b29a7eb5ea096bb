// The JetStream stores as tests open them: on a connection of their own, gone when the test ends.
import { randomUUID } from 'node:crypto'
import type { NatsConnection } from '@nats-io/transport-node'
import { onTestFinished } from 'vitest'
import { connectNats } from '../../src/adapters/nats/connection/nats-connection.ts'
import {
  JetStreamActionLog,
  type JetStreamLogOptions,
} from '../../src/adapters/nats/log/jetstream-action-log.ts'
import { JetStreamStreamStore } from '../../src/adapters/nats/streams/jetstream-stream-store.ts'
import { type LogLine, recordingLogger } from './api.ts'
import type { NatsServers } from './nats.ts'

export const SHARDS = 4
export const identity = { format: 1, shards: SHARDS, hashVersion: 1 }

/** First token of subjects that no other test has. */
export const newPrefix = () => `t-${randomUUID()}`

/** What the connections and stores of the running test have logged is in `lines`. */
export async function connectTo({ addresses }: NatsServers, lines: LogLine[] = []): Promise<NatsConnection> {
  const connection = await connectNats(addresses, 'test', recordingLogger(lines))
  onTestFinished(() => connection.close())
  return connection
}

export async function openLog(
  connection: NatsConnection,
  prefix: string,
  options: Partial<JetStreamLogOptions> = {},
  lines: LogLine[] = [],
): Promise<JetStreamActionLog> {
  const all = { prefix, streams: 2, replicas: 1, streamBytesMax: -1, ...options }
  const log = await JetStreamActionLog.open(connection, identity, all, recordingLogger(lines))
  onTestFinished(() => log.close())
  return log
}

export async function openStreams(
  connection: NatsConnection,
  prefix: string,
  replicas = 1,
): Promise<JetStreamStreamStore> {
  const options = { prefix, replicas, streamBytesMax: -1 }
  const store = await JetStreamStreamStore.open(connection, identity, options, recordingLogger([]))
  onTestFinished(() => store.close())
  return store
}

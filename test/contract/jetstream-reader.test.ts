// What a reader of JetStream tells of a stream that it cannot read.
import { jetstreamManager } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { JetStreamReader } from '../../src/adapters/nats/jetstream/jetstream-reader.ts'
import { type LogLine, recordingLogger } from '../support/api.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, newPrefix } from '../support/nats-stores.ts'
import { until } from '../support/until.ts'

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats.stop())

test('a stream that is away for long is told of once, whatever is read of it, and once when all is read again', async () => {
  const connection = await connectTo(nats)
  const manager = await jetstreamManager(connection)
  const name = newPrefix()
  const make = () => manager.streams.add({ name, subjects: [`${name}.*`] })
  await make()
  const logged: LogLine[] = []
  const reader = new JetStreamReader(connection, manager, recordingLogger(logged))
  const ending = new AbortController()
  onTestFinished(() => ending.abort())
  const opened = new Set<string>()
  for (const filter of [`${name}.a`, `${name}.b`]) {
    const messages = reader.read({ stream: name, filter }, 0, ending.signal, () => opened.add(filter))
    void messages.next()
  }
  await until(
    () => opened.size === 2,
    () => 'the stream is not read',
  )
  await manager.streams.delete(name)
  await until(
    () => logged.length > 0,
    () => 'nobody was told that it is gone',
  )
  await make()
  await until(
    () => logged.length > 1,
    () => 'nobody was told that it is back',
  )
  expect(logged).toMatchObject([
    { level: 'warn', message: 'a stream cannot be read', facts: { stream: name, after: 0 } },
    { level: 'info', message: 'all streams are read again' },
  ])
})

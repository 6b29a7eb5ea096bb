import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import { expect, test } from 'vitest'
import { ensureStream } from '../../../src/adapters/nats/jetstream/jetstream-stream.ts'
import { type LogLine, recordingLogger } from '../../support/api.ts'

test('a JetStream that is not there yet is waited for, and that is said once', async () => {
  let calls = 0
  const streams = {
    async info() {
      if (++calls < 4) throw new Error('no responders')
      return {
        config: { metadata: { 'pulseprint-identity': JSON.stringify(identity) } } as Partial<StreamConfig>,
      }
    },
  }
  const identity = { format: 1, shards: 4, hashVersion: 1 }
  const logged: LogLine[] = []
  const manager = { streams } as unknown as JetStreamManager
  await ensureStream(manager, { name: 'log', subjects: ['log.>'] }, identity, recordingLogger(logged))
  expect(logged).toMatchObject([
    { level: 'info', message: 'waiting for JetStream', facts: { stream: 'log' } },
  ])
})

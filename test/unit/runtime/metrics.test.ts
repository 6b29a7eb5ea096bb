import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { showEngine } from '../../../src/app/engine-gauges.ts'
import { createObserver } from '../../../src/runtime/metrics.ts'
import { stubEngine } from '../../support/stub-engine.ts'

test('the gauges of a shard show what is known of it, and leave out what the log does not tell', async () => {
  const registry = new Registry()
  const shard = {
    shard: 3,
    owner: 'n',
    epoch: 1,
    head: null,
    applied: 7,
    committed: 5,
    lag: null,
    hotUsers: 4,
  }
  showEngine(registry, stubEngine({}, { shardStatus: async () => [shard] }), false)
  const shown = (await registry.metrics()).split('\n').filter((line) => line.startsWith('pulseprint_shard_'))
  expect(shown).toEqual([
    'pulseprint_shard_applied{shard="3"} 7',
    'pulseprint_shard_committed{shard="3"} 5',
    'pulseprint_shard_epoch{shard="3"} 1',
    'pulseprint_shard_hot_users{shard="3"} 4',
  ])
})

test('refused appends and failed saves are counted', async () => {
  const registry = new Registry()
  const observer = createObserver(registry)
  observer.refused()
  observer.unsaved()
  observer.unsaved()
  const shown = await registry.metrics()
  expect(shown).toContain('pulseprint_refused_appends_total 1')
  expect(shown).toContain('pulseprint_failed_saves_total 2')
})

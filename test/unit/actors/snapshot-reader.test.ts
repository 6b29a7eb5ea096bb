import { expect, test } from 'vitest'
import { SnapshotReader } from '../../../actors/cluster/snapshot-reader.ts'
import { emptyProfile } from '../../../src/profile/profile.ts'
import { encodeProfile } from '../../../src/profile/profile-codec.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../../src/snapshots/snapshot-store.ts'
import { definitionOf } from '../../support/local-engine.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const AWAY = 'the owner does not answer'

/** Reads a user who was saved so long ago. */
function readerOf(ageMs: number): SnapshotReader {
  const definition = definitionOf('{ n: { aggregate: count } }')
  const bytes = encodeProfile(definition, emptyProfile(definition))
  const store: Partial<SnapshotStore> = {
    checkpoint: async () => ({ epoch: 3, offset: 5, savedAt: NOW - ageMs }),
    load: async () => [Buffer.from(bytes)],
  }
  return new SnapshotReader(definition, 1, store as SnapshotStore, new SimulatedClock(NOW))
}

test('a snapshot as old as the caller allows is answered, and says of when it is', async () => {
  const view = await readerOf(500).profile('u', { maxStalenessMs: 500 }, AWAY)
  expect(view).toMatchObject({ source: 'snapshot', asOf: { sequence: 5, at: '2026-11-20T11:59:59.500Z' } })
  const refused = readerOf(501).profile('u', { maxStalenessMs: 500 }, AWAY)
  await expect(refused).rejects.toMatchObject({ code: 'TOO_STALE' })
})

test('who allows no staleness gets no snapshot, also where the clock of the owner is ahead', async () => {
  for (const ageMs of [0, -3_000]) {
    const refused = readerOf(ageMs).profile('u', { maxStalenessMs: 0 }, AWAY)
    await expect(refused).rejects.toMatchObject({ code: 'TOO_STALE' })
  }
})

import { expect, test } from 'vitest'
import { Fold } from '../../../src/profile/fold.ts'
import { emptyProfile } from '../../../src/profile/profile.ts'
import { encodeProfile } from '../../../src/profile/profile-codec.ts'
import { PROFILE } from '../../../src/questions/profile.ts'
import type { SavedShard } from '../../../src/questions/question.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../../src/snapshots/snapshot-store.ts'
import { definitionOf } from '../../support/local-engine.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const AWAY = 'the owner does not answer'

/** A shard with a user who was saved so long ago. */
function savedAgo(ageMs: number): SavedShard {
  const definition = definitionOf('{ n: { aggregate: count } }')
  const bytes = encodeProfile(definition, emptyProfile(definition))
  const store: Partial<SnapshotStore> = {
    checkpoint: async () => ({ epoch: 3, offset: 5, savedAt: NOW - ageMs }),
    load: async () => [Buffer.from(bytes)],
  }
  const [fold, clock] = [new Fold(definition), new SimulatedClock(NOW)]
  return { shard: 0, definition, fold, clock, snapshots: store as SnapshotStore }
}

function read(ageMs: number, maxStalenessMs: number) {
  return PROFILE.fromSnapshot!(savedAgo(ageMs), { user: 'u', maxStalenessMs }, AWAY)
}

test('a snapshot as old as the caller allows is answered, and says of when it is', async () => {
  expect(await read(500, 500)).toMatchObject({
    source: 'snapshot',
    asOf: { sequence: 5, at: '2026-11-20T11:59:59.500Z' },
  })
  await expect(read(501, 500)).rejects.toMatchObject({ code: 'TOO_STALE' })
})

test('a caller who allows no staleness gets no snapshot, even if the clock of the owner is ahead', async () => {
  for (const ageMs of [0, -3_000]) await expect(read(ageMs, 0)).rejects.toMatchObject({ code: 'TOO_STALE' })
})

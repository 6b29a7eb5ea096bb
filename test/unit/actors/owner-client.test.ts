import { expect, test } from 'vitest'
import { FakeCluster, failure, SELF } from '../../support/fake-cluster.ts'

const LONG_MS = 60_000

function clusterOwnedBy(instance: string): FakeCluster {
  const fake = new FakeCluster()
  fake.living.add(instance)
  fake.owners.set(0, instance)
  return fake
}

const here = async () => 'here'

test('a shard that is run here is asked here, another one where it is run', async () => {
  expect(await clusterOwnedBy(SELF).calls.ask(0, LONG_MS, here, 'profile', 'u')).toBe('here')
  const fake = clusterOwnedBy('other')
  expect(await fake.calls.ask(0, LONG_MS, here, 'profile', 'u', { at: 1 })).toBe('profile of other')
  expect(fake.asked[0]).toMatchObject({ instance: 'other', method: 'profile', parameters: ['u', { at: 1 }] })
})

test('the next owner is asked where the one before is lost or no longer owns the shard', async () => {
  const fake = clusterOwnedBy('other')
  const codes = ['PEER_LOST', 'NOT_OWNER'] as const
  let asked = 0
  fake.meddle = () => {
    const code = codes[asked++]
    if (code === 'NOT_OWNER') fake.owners.set(0, SELF)
    if (code) throw failure(code)
  }
  expect(await fake.calls.ask(0, LONG_MS, here, 'profile', 'u')).toBe('here')
  expect(fake.asked.length).toBe(2)
})

test("an owner's own refusal is handed on", async () => {
  const fake = clusterOwnedBy('other')
  fake.meddle = () => {
    throw failure('AT_TOO_EARLY')
  }
  await expect(fake.calls.ask(0, LONG_MS, here, 'profile', 'u')).rejects.toMatchObject({
    code: 'AT_TOO_EARLY',
  })
  expect(fake.asked.length).toBe(1)
})

test('OWNER_UNREACHABLE where nobody answers in time: no owner, a dead one, a silent one, this node itself', async () => {
  const never = () => new Promise<string>(() => {})
  const unreachable = { code: 'OWNER_UNREACHABLE' }
  const nobody = new FakeCluster()
  await expect(nobody.calls.ask(0, 50, here, 'profile')).rejects.toMatchObject(unreachable)
  const dead = clusterOwnedBy('other')
  dead.living.delete('other')
  await expect(dead.calls.ask(0, 50, here, 'profile')).rejects.toMatchObject(unreachable)
  expect(dead.asked).toEqual([])
  const silent = clusterOwnedBy('other')
  silent.meddle = async () => {
    // As a link does once the time it was given is up.
    throw failure('PEER_LOST')
  }
  await expect(silent.calls.ask(0, 50, here, 'profile')).rejects.toMatchObject(unreachable)
  expect(silent.asked.every(({ waitMs }) => waitMs <= 50)).toBe(true)
  await expect(clusterOwnedBy(SELF).calls.ask(0, 50, never, 'profile')).rejects.toMatchObject(unreachable)
})

test('a node that does not hear itself does not answer for its shards', async () => {
  const fake = clusterOwnedBy(SELF)
  fake.isHeard = false
  expect(fake.calls.instanceOf(0)).toBeUndefined()
  await expect(fake.calls.ask(0, 50, here, 'profile')).rejects.toMatchObject({ code: 'OWNER_UNREACHABLE' })
})

import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/limits.ts'
import { PROFILE } from '../../../src/questions/profile.ts'
import { SHARD_STATUS } from '../../../src/questions/shard-status.ts'
import { definitionOf, openLocalEngine, usersIn } from '../../support/local-engine.ts'
import { until } from '../../support/until.ts'

test('users with long profiles go to storage sooner, by what they take, and come back whole', async () => {
  const hotUsersMax = 200
  const users = usersIn(0, 100)
  const { engine, send, count } = await openLocalEngine({
    hotUsersMax,
    definition: definitionOf('{ n: { aggregate: count } }'),
  })
  const hotUsers = async () =>
    (await engine.ask(SHARD_STATUS, {})).reduce((sum, shard) => sum + shard.hotUsers, 0)
  // Each remembers as many ids as a user can.
  const actions = Array.from({ length: LIMITS.rememberedIdsMax }, (_, number) => number)
  for (const user of users) await send(actions.map(() => ({ userId: user, action: 'a' })))
  // How long a profile is shows when it is saved; the next record makes room.
  const [another] = usersIn(0, 101).slice(-1)
  await until(
    async () => {
      await send([{ userId: another, action: 'a' }])
      return (await hotUsers()) < users.length / 2
    },
    () => 'all users stay in memory',
  )
  for (const user of users) expect(await count(user)).toBe(LIMITS.rememberedIdsMax)
})

test('first and last keep a bounded part of a long text', async () => {
  const { engine, send } = await openLocalEngine({
    definition: definitionOf(
      '{ said: { aggregate: last, of: properties.text }, things: { aggregate: last, of: properties.list } }',
    ),
  })
  const [user] = usersIn(0, 1)
  await send([{ userId: user, action: 'a', properties: { text: 'x'.repeat(8_000), list: [1] } }])
  await send([{ userId: user, action: 'a', properties: { list: Array(2_000).fill(1) } }])
  const profile = await engine.ask(PROFILE, { user: user! })
  expect(profile?.features).toEqual({ said: 'x'.repeat(1_024), things: [1] })
})

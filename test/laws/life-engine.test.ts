import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PROFILE } from '../../src/questions/profile.ts'
import { laws } from './life-plans.ts'
import { HOT_USERS_MAX, Story, step } from './life-story.ts'

test('whatever stops and crashes: each stage change and decision is published once, on time and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      laws('Europe/London'),
      fc.constantFrom(...HOT_USERS_MAX),
      fc.array(step, { minLength: 3, maxLength: 25 }),
      async (law, hotUsersMax, steps) => {
        const story = new Story(law, hotUsersMax)
        await story.start()
        for (const step of steps) await story.take(step)
        await story.settleAll()
        if ([...story.users.values()].some((user) => user.naive.unclear)) return
        expect(await story.published()).toEqual(story.expected())
        for (const [name, user] of story.users) {
          const view = await story.engine.engine.ask(PROFILE, { user: name })
          const later = user.naive.copy()
          later.pass(story.clock.now(), { shard: 0, sequence: 0, position: 0 })
          if (later.unclear) continue
          const { stage, since, history } = later.standing()
          const iso = (at: number) => new Date(at).toISOString()
          expect(view?.stage).toEqual({
            name: stage,
            since: iso(since),
            history: history.map((one) => ({ name: one.stage, since: iso(one.since) })),
          })
        }
        await story.stop()
      },
    ),
    { numRuns: 24 },
  )
})

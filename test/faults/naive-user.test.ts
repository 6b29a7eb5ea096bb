// The model that the fault suite holds streams against, compared with the engine's own fold on
// random lives: late and repeated actions, ticks in time, late and for nothing.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { Action } from '../../src/model/action.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile } from '../../src/profile/profile.ts'
import type { Effect } from '../../src/rules/effect.ts'
import { decisionView, stageChangeView } from '../../src/rules/effect-view.ts'
import { actionOf, DEFINITION } from './definition.ts'
import { NaiveUser } from './naive-user.ts'

const START_AT = 1_700_000_000_000

/**
 * An action of a number, or a tick, so long after what came before; `lateMs`: it happened that long
 * before it came.
 */
const life = fc.array(
  fc.record({
    tick: fc.boolean(),
    n: fc.integer({ min: 1, max: 60 }),
    afterMs: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 9_000 })),
    lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12_000 })),
  }),
  { maxLength: 120, size: 'max' },
)

test('the model sets off what the fold does, with the same ids, and counts the same', () => {
  const compiled = compileDefinition(DEFINITION)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const fold = new Fold(compiled.definition)
  const seen = new Set<string>()
  fc.assert(
    fc.property(life, (events) => {
      const profile = emptyProfile(compiled.definition)
      const naive = new NaiveUser()
      const effects: Effect[] = []
      let now = START_AT
      for (const [index, { tick, n, afterMs, lateMs }] of events.entries()) {
        now += afterMs
        const place = { shard: 3, sequence: index + 1, position: 2 }
        const text = `3.${index + 1}.2`
        if (tick) {
          fold.tick('u', profile, place, now, effects)
          naive.tick(now, text)
        } else {
          const action = actionOf('u', n, now - lateMs)
          const { userId: user, ...others } = action
          fold.apply(profile, { ...others, user } as Action, place, now, effects)
          naive.apply(action, text, now)
        }
      }
      const wanted = effects.map((effect) => `${effect.id} ${textOf(effect)}`)
      expect(naive.expected.map(({ id, text }) => `${id} ${text}`)).toEqual(wanted)
      for (const effect of effects) {
        if (effect.kind === 'stage' || effect.kind === 'decision')
          seen.add(effect.kind === 'stage' ? effect.to : effect.rule)
      }
    }),
    { numRuns: 300 },
  )
  expect([...seen].sort()).toEqual(
    ['active', 'fifth', 'first', 'hush', 'lucky', 'quiet', 'regular', 'returned'].sort(),
  )
})

function textOf(effect: Effect): string {
  if (effect.kind === 'stage') {
    const { from, to, at, actionId } = stageChangeView(effect)
    return JSON.stringify({ from, to, at, actionId })
  }
  if (effect.kind !== 'decision') throw new Error('there are neither guards nor holdouts')
  const { rule, at, actionId, payload } = decisionView(effect)
  return JSON.stringify({ rule, at, actionId, payload })
}

// What a reader sees of a user's lifecycle state: the stage, the earlier stages and the badges.
import type { Definition } from '../definition/definition.ts'
import type { LifecycleState } from '../lifecycle/lifecycle-state.ts'
import { isoOf } from '../model/instant.ts'
import type { ProfileView } from '../views/views.ts'

/** @param at the instant asked for, epoch ms. Changes that time alone made after it are left out */
export function readLifecycleState(
  { lifecycle, rules }: Definition,
  standing: LifecycleState | undefined,
  at: number,
): Pick<ProfileView, 'stage' | 'badges'> {
  if (!standing) return {}
  const view: Pick<ProfileView, 'stage' | 'badges'> = {}
  if (lifecycle && standing.stage >= 0) {
    const entries = [...pairsOf(standing.history), [standing.stage, standing.stageSince] as const]
    // A full history may not reach back so far. Then its oldest entry stands for the forgotten
    // ones.
    const entered = entries.filter(([, since], index) => index === 0 || since <= at)
    const history = entered.map(([stage, since]) => ({ name: lifecycle.stages[stage]!, since: isoOf(since) }))
    view.stage = { ...history.pop()!, history }
  }
  if (rules.some(({ badge }) => badge !== undefined)) {
    view.badges = pairsOf(standing.badges)
      .filter(([, given]) => given <= at)
      .map(([rule, given]) => ({ name: rules[rule]!.badge!, at: isoOf(given) }))
  }
  return view
}

function pairsOf(numbers: readonly number[]): [number, number][] {
  const pairs: [number, number][] = []
  for (let at = 0; at < numbers.length; at += 2) pairs.push([numbers[at]!, numbers[at + 1]!])
  return pairs
}

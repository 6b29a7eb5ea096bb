// What a reader sees of a standing: the stage, with those before it, and the badges.
import type { Definition } from '../definition/definition.ts'
import type { ProfileView } from '../model/shapes.ts'
import type { Standing } from './standing.ts'

export function readStanding(
  { lifecycle, rules }: Definition,
  standing: Standing | undefined,
): Pick<ProfileView, 'stage' | 'badges'> {
  if (!standing) return {}
  const view: Pick<ProfileView, 'stage' | 'badges'> = {}
  if (lifecycle && standing.stage >= 0) {
    const entry = (stage: number, since: number) => ({ name: lifecycle.stages[stage]!, since: isoOf(since) })
    const history = pairsOf(standing.history).map(([stage, since]) => entry(stage, since))
    view.stage = { ...entry(standing.stage, standing.stageSince), history }
  }
  if (rules.some(({ badge }) => badge !== undefined)) {
    view.badges = pairsOf(standing.badges).map(([rule, at]) => ({ name: rules[rule]!.badge!, at: isoOf(at) }))
  }
  return view
}

function pairsOf(numbers: readonly number[]): [number, number][] {
  const pairs: [number, number][] = []
  for (let at = 0; at < numbers.length; at += 2) pairs.push([numbers[at]!, numbers[at + 1]!])
  return pairs
}

function isoOf(at: number): string {
  return new Date(at).toISOString()
}

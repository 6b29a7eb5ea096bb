// What differs between two stored profiles of one user, in words for an operator. Pure.
import { isDeepStrictEqual } from 'node:util'
import type { Definition } from '../definition/definition.ts'
import type { LifecycleState } from '../lifecycle/lifecycle-state.ts'
import { isoOf } from '../model/instant.ts'
import { sectionOf } from '../numbers/section.ts'
import { LIST, listOf, type Profile } from './profile.ts'
import { decodeProfile } from './profile-codec.ts'
import { readFeatures } from './read.ts'

/** Parts of a profile that are too long to be shown, by what people call them. */
const LIST_NAMES = {
  remembered: 'the ids it remembers',
  timeline: 'the timeline',
  days: 'the counts per day',
  names: 'the names of its actions',
} as const

const STANDING_PARTS = {
  stageSince: 'when its stage began',
  history: 'its earlier stages',
  badges: 'its badges',
  firings: 'which rules have fired',
  holding: 'which conditions hold',
  clock: 'its own clock',
} as const

/**
 * One text for each part that differs, such as `spend: 99 instead of 12.5`; at least one.
 * @param found the bytes that were found
 * @param due the bytes that it should have been, of the same definition
 */
export function differences(definition: Definition, found: Buffer, due: Buffer): string[] {
  try {
    const [profile, wanted] = [decodeProfile(definition, found), decodeProfile(definition, due)]
    const texts = [
      ...instead('last record', profile.sequence, wanted.sequence),
      ...instead('newest action', isoOf(profile.newestAt), isoOf(wanted.newestAt)),
      ...featureDifferences(definition, profile, wanted),
      ...standingDifferences(definition, profile.standing, wanted.standing),
      ...listDifferences(definition, profile, wanted),
    ]
    return texts.length > 0 ? texts : ['other bytes that say the same']
  } catch (error) {
    return [`it cannot be read: ${(error as Error).message}`]
  }
}

function instead(name: string, found: unknown, due: unknown): string[] {
  if (isDeepStrictEqual(found, due)) return []
  return [`${name}: ${JSON.stringify(found)} instead of ${JSON.stringify(due)}`]
}

function listDifferences(definition: Definition, found: Profile, due: Profile): string[] {
  const lists = Object.keys(LIST_NAMES) as (keyof typeof LIST_NAMES)[]
  return lists
    .filter((list) => {
      const [own, wanted] = [found, due].map((profile) => listOf(definition, profile, LIST[list]))
      return !isDeepStrictEqual(own, wanted)
    })
    .map((list) => LIST_NAMES[list])
}

function partDifferences<Whole extends object>(
  names: { readonly [Part in keyof Whole]?: string },
  found: Whole,
  due: Whole,
): string[] {
  const parts = Object.keys(names) as (keyof Whole)[]
  return parts.filter((part) => !isDeepStrictEqual(found[part], due[part])).map((part) => names[part]!)
}

/** Values as of the newest action of both. */
function featureDifferences(definition: Definition, found: Profile, due: Profile): string[] {
  const at = Math.max(found.newestAt, due.newestAt)
  const touched = definition.features.filter(
    ({ series }) => !isDeepStrictEqual(sectionOf(found, series), sectionOf(due, series)),
  )
  const [values, wanted] = [found, due].map(
    (profile) => readFeatures(definition, profile, touched, at).features,
  )
  return touched.map(
    ({ name }) => instead(name, values![name], wanted![name])[0] ?? `${name}: what it is made of`,
  )
}

function standingDifferences(
  { lifecycle }: Definition,
  found: LifecycleState | undefined,
  due: LifecycleState | undefined,
): string[] {
  if (!found || !due) return []
  const texts = instead('stage', lifecycle?.stages[found.stage] ?? null, lifecycle?.stages[due.stage] ?? null)
  const timers = ({ timersDue, conditionsDue, wakeAt }: LifecycleState) => [timersDue, conditionsDue, wakeAt]
  if (!isDeepStrictEqual(timers(found), timers(due))) texts.push('its timers')
  return [...texts, ...partDifferences(STANDING_PARTS, found, due)]
}

// Many users' profiles read from a running engine: as answers, and as texts that can be compared
// byte by byte.
import type { CountsView, ProfileView, TimelineView } from '../../src/views/views.ts'
import type { EngineProcess } from './engine.ts'

/** What the API takes in one request. */
const QUERY_USERS_MAX = 1_000
const REQUESTS_AT_ONCE = 16
/**
 * Each page of a timeline decodes as many records of the log: a few users show all of theirs, the
 * others the newest.
 */
const WHOLE_TIMELINE_EACH = 8
const NEWEST_ACTIONS = 5

/** Profiles as of an instant (epoch ms), in the order of the users. */
export async function queryProfiles(
  engine: EngineProcess,
  userIds: readonly string[],
  at: number,
): Promise<ProfileView[]> {
  const profiles: ProfileView[] = []
  for (const part of parts(userIds, QUERY_USERS_MAX)) {
    const body = { userIds: part, at: new Date(at).toISOString() }
    const answer = await engine.json<{ profiles: ProfileView[] }>('/v1/profiles/query', body)
    profiles.push(...answer.profiles)
  }
  return profiles
}

/**
 * All that is held of each user, as text: features, day counts, and the ids of the timeline. Left
 * out is what tells of the reading (instant, epoch) and where in the log actions lie, which differs
 * if a client had to repeat.
 */
export async function profileTexts(
  engine: EngineProcess,
  userIds: readonly string[],
  at: number,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  const profiles = await queryProfiles(engine, userIds, at)
  const numbered = profiles.map((profile, index) => ({ profile, index }))
  for (const part of parts(numbered, REQUESTS_AT_ONCE)) {
    await Promise.all(
      part.map(async ({ profile: { asOf, source, ...profile }, index }) => {
        const path = `/v1/profiles/${encodeURIComponent(profile.userId)}`
        const limit = index % WHOLE_TIMELINE_EACH === 0 ? 100 : NEWEST_ACTIONS
        const counts = await engine.json<CountsView>(`${path}/counts`)
        const { actions } = await engine.json<TimelineView>(`${path}/actions?limit=${limit}`)
        texts.set(profile.userId, JSON.stringify({ profile, counts, timeline: actions.map(({ id }) => id) }))
      }),
    )
  }
  return texts
}

/** The users whose texts differ, with both texts. */
export function differingTexts(
  texts: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
): string[] {
  return [...new Set([...texts.keys(), ...expected.keys()])]
    .filter((user) => texts.get(user) !== expected.get(user))
    .map((user) => `${user}:\n  ${texts.get(user)}\n  instead of\n  ${expected.get(user)}`)
}

function parts<T>(all: readonly T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / length) }, (_, part) =>
    all.slice(part * length, (part + 1) * length),
  )
}

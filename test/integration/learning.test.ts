// The example for learners on its own input, beside a computation that knows nothing of the engine:
// sets of local dates, made with luxon.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DateTime } from 'luxon'
import { expect, test } from 'vitest'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { Listener } from '../support/listener.ts'
import { root } from '../support/source-files.ts'

const EXAMPLE = join(root, 'examples', 'learning')
const ZONE = 'Europe/Berlin'
/** The morning after the last day of the lessons. */
const READ_AT = '2026-05-05T06:00:00.000Z'
const GRACE = 1
const REQUEST = 2_000

interface Lesson {
  userId: string
  occurredAt: string
  properties: { course: string; minutes: number; score?: number }
}
interface Decision {
  userId: string
  rule: string
  at: string
}

const dayOf = (instant: string) =>
  DateTime.fromISO(instant, { zone: ZONE }).startOf('day').setZone('utc', { keepLocalTime: true })
const daysBetween = (from: DateTime, to: DateTime) => Math.round(to.diff(from, 'days').days)
/** Midnight in Berlin, as the engine shows it. */
const midnight = (day: DateTime) => day.setZone(ZONE, { keepLocalTime: true }).toUTC().toISO()!

/** Rows of days with at most one day missed in between: their days, oldest first. */
function streaksOf(lessons: readonly Lesson[]): DateTime[][] {
  const streaks: DateTime[][] = []
  for (const { occurredAt } of lessons) {
    const day = dayOf(occurredAt)
    const last = streaks.at(-1)?.at(-1)
    const missed = last ? daysBetween(last, day) - 1 : Number.POSITIVE_INFINITY
    if (missed < 0) continue
    if (missed <= GRACE) streaks.at(-1)!.push(day)
    else streaks.push([day])
  }
  return streaks
}

const endOf = (streak: readonly DateTime[]) => midnight(streak.at(-1)!.plus({ days: GRACE + 2 }))

function expectedFeatures(lessons: readonly Lesson[]): Record<string, unknown> {
  const today = dayOf(READ_AT)
  const isWithin = (days: number) => (lesson: Lesson) => daysBetween(dayOf(lesson.occurredAt), today) < days
  const week = lessons.filter(isWithin(7))
  const datesOf = (some: readonly Lesson[]) =>
    new Set(some.map(({ occurredAt }) => dayOf(occurredAt).toISODate()))
  const weeks = [...new Set(lessons.map(({ occurredAt }) => dayOf(occurredAt).startOf('week').toISODate()!))]
  const streaks = streaksOf(lessons)
  const last = streaks.at(-1)
  const lives = last && endOf(last) > READ_AT
  const courses = new Map<string, number>()
  for (const { properties } of lessons)
    courses.set(properties.course, (courses.get(properties.course) ?? 0) + 1)
  const scores = lessons.flatMap(({ properties }) => properties.score ?? [])
  const minutes = week.reduce((sum, { properties }) => sum + properties.minutes, 0)
  const days = datesOf(week).size
  let weekly = 0
  for (let start = today.startOf('week'); ; start = start.minus({ weeks: 1 })) {
    if (weeks.includes(start.toISODate()!)) weekly++
    // The present week may still come.
    else if (+start !== +today.startOf('week')) break
  }
  return {
    lessons: lessons.length,
    minutes_7d: minutes,
    days_7d: days,
    days_30d: datesOf(lessons.filter(isWithin(30))).size,
    weeks: weeks.length,
    minutes_a_day: days > 0 ? minutes / days : null,
    streak: lives ? last.length : 0,
    longest_streak: Math.max(0, ...streaks.map((streak) => streak.length)),
    streak_ends_at: lives ? endOf(last) : null,
    weekly_streak: weekly,
    courses: Object.fromEntries(
      [...courses].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3),
    ),
    best_score: scores.length > 0 ? Math.max(...scores) : null,
    level: lessons.length >= 50 ? 'advanced' : lessons.length >= 10 ? 'regular' : 'beginner',
  }
}

/** The streaks that ended when one of seven days was there already, each as `user at`. */
function expectedLosses(user: string, lessons: readonly Lesson[]): string[] {
  let longest = 0
  return streaksOf(lessons).flatMap((streak) => {
    longest = Math.max(longest, streak.length)
    return longest >= 7 ? [`${user} ${endOf(streak)}`] : []
  })
}

/** Each lesson of a day that is the seventh of its streak. */
function expectedWeeks(user: string, lessons: readonly Lesson[]): string[] {
  const sevenths = new Set(streaksOf(lessons).map((streak) => streak[6]?.toISODate()))
  return lessons
    .filter(({ occurredAt }) => sevenths.has(dayOf(occurredAt).toISODate()))
    .map(({ occurredAt }) => `${user} ${occurredAt}`)
}

test('four months of lessons: every feature, and every streak that ended, as plain dates say', async () => {
  const generator = join(EXAMPLE, 'generate.mjs')
  const ndjson = execFileSync(process.execPath, [generator, '150', '120'], { maxBuffer: 2 ** 28 }).toString()
  const lines = ndjson.trimEnd().split('\n')
  const byUser = Map.groupBy(
    lines.map((line) => JSON.parse(line) as Lesson),
    ({ userId }) => userId,
  )
  const text = readFileSync(join(EXAMPLE, 'definition.yaml'), 'utf8')
  const definition = definitionFile(text.replace('historyWait: 30s', 'historyWait: 5s'))
  const engine = await EngineProcess.startForTest(definition)
  const messages = await Listener.open<Decision>(engine.url, '/v1/streams/messages?after=0')
  const rewards = await Listener.open<Decision>(engine.url, '/v1/streams/rewards?after=0')
  for (let from = 0; from < lines.length; from += REQUEST) {
    const answer = await fetch(`${engine.url}/v1/actions`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.slice(from, from + REQUEST).join('\n'),
    })
    expect(answer.status).toBe(200)
    await answer.body?.cancel()
  }
  for (const [user, lessons] of byUser) {
    const { features } = await engine.json<{ features: object }>(`/v1/profiles/${user}?at=${READ_AT}`)
    expect([user, features]).toEqual([user, expectedFeatures(lessons)])
  }
  const losses = [...byUser].flatMap(([user, lessons]) => expectedLosses(user, lessons))
  const weeks = [...byUser].flatMap(([user, lessons]) => expectedWeeks(user, lessons))
  expect(losses.length).toBeGreaterThan(100)
  expect(weeks.length).toBeGreaterThan(100)
  const of = ({ entries }: Listener<Decision>, wanted: string) =>
    entries.filter(({ rule }) => rule === wanted).map(({ userId, at }) => `${userId} ${at}`)
  // The last streaks end by time alone, five seconds after the learner's last lesson came in.
  await expect.poll(() => of(messages, 'streak_lost').length, { timeout: 60_000 }).toBe(losses.length)
  expect(of(messages, 'streak_lost').sort()).toEqual(losses.sort())
  expect(of(rewards, 'week_of_learning').sort()).toEqual(weeks.sort())
})

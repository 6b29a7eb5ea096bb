// Lessons of learners of a language app, as NDJSON for `pulseprint import`: some learn daily, some
// at weekends, some give up. The same numbers give the same lessons.
//   node examples/learning/generate.mjs [LEARNERS] [DAYS] > lessons.ndjson
const [learners = 200, days = 120] = process.argv.slice(2).map(Number)
const BEGIN = Date.parse('2026-01-05T00:00:00Z')
const DAY_MS = 86_400_000
const COURSES = ['French', 'Spanish', 'Greek', 'Japanese', 'Swedish']

/** A whole number below `bound`: a linear congruential generator is random enough. */
let state = 20_260_105
function below(bound) {
  state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
  return Math.floor((state / 2 ** 32) * bound)
}

const lessons = []
for (let learner = 1; learner <= learners; learner++) {
  const userId = `learner-${learner}`
  const course = COURSES[below(COURSES.length)]
  const likely = 20 + below(80)
  const atWeekends = below(5) === 0
  const last = below(4) === 0 ? below(days) : days
  for (let day = below(14); day < last; day++) {
    const isWeekend = day % 7 >= 5
    if (below(100) >= (atWeekends && !isWeekend ? 10 : likely)) continue
    for (let left = 1 + below(3); left > 0; left--) {
      const at = BEGIN + day * DAY_MS + below(DAY_MS)
      const properties = { course: below(6) === 0 ? COURSES[below(5)] : course, minutes: 3 + below(25) }
      if (below(2) === 0) properties.score = 40 + below(61)
      lessons.push({ at, userId, properties, lesson: `unit-${1 + below(60)}` })
    }
  }
}
lessons.sort((a, b) => a.at - b.at)
for (const [index, { at, userId, properties, lesson }] of lessons.entries()) {
  const occurredAt = new Date(at).toISOString()
  const object = { type: 'lesson', id: lesson }
  process.stdout.write(
    `${JSON.stringify({ id: `lesson-${index}`, userId, action: 'lesson', occurredAt, object, properties })}\n`,
  )
}

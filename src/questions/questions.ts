// All questions by name, so that a thread or node finds the one that another asks.
import { COUNTS } from './counts.ts'
import { EXPLAIN } from './explain.ts'
import { PROFILE } from './profile.ts'
import type { Question } from './question.ts'
import { REBUILD, START_REBUILD } from './rebuild.ts'
import { SHARD_STATUS } from './shard-status.ts'
import { TIMELINE } from './timeline.ts'

// biome-ignore lint/suspicious/noExplicitAny: each has parameters and an answer of its own
type AnyQuestion = Question<any, any>

const QUESTIONS: readonly AnyQuestion[] = [
  PROFILE,
  COUNTS,
  TIMELINE,
  EXPLAIN,
  START_REBUILD,
  REBUILD,
  SHARD_STATUS,
]

const BY_NAME = new Map(QUESTIONS.map((question) => [question.name, question]))

/** Throws for a question that only another version of the program knows. */
export function questionNamed(name: string): AnyQuestion {
  const question = BY_NAME.get(name)
  if (!question) throw new Error(`there is no question ${name}`)
  return question
}

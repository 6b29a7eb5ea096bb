import { expect, test } from 'vitest'
import { questionNamed } from '../../../src/questions/questions.ts'
import { listFiles, root } from '../../support/source-files.ts'

interface Named {
  scope: string
  name: string
}

test('every question of the room is known by its name, and no two share one', async () => {
  const files = listFiles(['src/questions'], '.ts')
  const modules = await Promise.all(files.map((path) => import(`${root}/${path}`)))
  const isQuestion = (value: unknown): value is Named => Object.hasOwn(Object(value), 'scope')
  const questions = modules.flatMap((module) => Object.values(module).filter(isQuestion))
  expect(questions.length).toBeGreaterThan(5)
  for (const question of questions) expect(questionNamed(question.name)).toBe(question)
  expect(() => questionNamed('toString')).toThrow('there is no question')
})

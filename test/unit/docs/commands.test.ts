// Holds the list of what is not run against the documents, and the list of what is run against all
// of them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blocksOf, DOCUMENTS } from '../../support/documents.ts'
import { NOT_RUN, notRunOf } from '../../support/not-run.ts'
import { listFiles, root } from '../../support/source-files.ts'

test('every command that is not run is there, and is proved by a test that is there', () => {
  for (const document of new Set(NOT_RUN.map((one) => one.document))) {
    expect(notRunOf(document)).toHaveLength(NOT_RUN.filter((one) => one.document === document).length)
  }
  expect(NOT_RUN.filter(({ provedBy }) => !existsSync(join(root, provedBy)))).toEqual([])
})

test('every document with commands is named by a test that runs it', () => {
  const tests = listFiles(['test/integration'], '.test.ts')
    .filter((path) => path.includes('/docs-'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('')
  const withCommands = DOCUMENTS.filter((document) =>
    blocksOf(document).some(({ language, text }) => language === 'sh' && !notRunOf(document).includes(text)),
  )
  expect(withCommands.length).toBeGreaterThan(5)
  expect(withCommands.filter((document) => !tests.includes(`'${document}'`))).toEqual([])
})

test('every block says what language it is in', () => {
  const fences = DOCUMENTS.map(
    (document) => readFileSync(join(root, document), 'utf8').match(/^```.*$/gm) ?? [],
  )
  expect(fences.map((lines) => lines.length)).toEqual(
    DOCUMENTS.map((document) => 2 * blocksOf(document).length),
  )
})

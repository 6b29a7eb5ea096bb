// Holds the shape of the documents: how long they are, where their links lead, and that their maps
// show the folders.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { anchorsOf, codesOf, DOCUMENTS, rowsOf, sectionOf, textOf } from '../../support/documents.ts'
import { root } from '../../support/source-files.ts'

const COLUMNS_MAX = 100
const LINES_MAX: Record<string, number> = { 'README.md': 200, 'ARCHITECTURE.md': 300 }

describe.each(DOCUMENTS)('%s', (document) => {
  test(`has no line over ${COLUMNS_MAX} columns`, () => {
    const long = textOf(document)
      .split('\n')
      .flatMap((line, index) => ([...line].length > COLUMNS_MAX ? [`${index + 1}: ${line}`] : []))
    expect(long).toEqual([])
  })

  test('has links that lead somewhere', () => {
    const links = [...textOf(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map((match) => String(match[1]))
    expect(links.filter((link) => !leadsSomewhere(document, link))).toEqual([])
  })

  test('names npm scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const named = [...textOf(document).matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)]
    const missing = named.map((match) => String(match[1] ?? match[2])).filter((name) => !(name in scripts))
    expect(missing).toEqual([])
  })
})

test('CONTRIBUTING names every npm script, those aside that npm runs by itself', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const named = textOf('CONTRIBUTING.md')
  const typed = Object.keys(scripts).filter((name) => !name.startsWith('pre'))
  expect(typed.filter((name) => !new RegExp(`npm (run )?${name}[ \`]`).test(named))).toEqual([])
})

function leadsSomewhere(document: string, link: string): boolean {
  const [path, anchor] = link.split('#')
  const target = path ? join(dirname(document), path) : document
  if (!existsSync(join(root, target))) return false
  return anchor === undefined || anchorsOf(target).includes(anchor)
}

test.each(Object.entries(LINES_MAX))('%s has at most %d lines', (document, lines) => {
  expect(textOf(document).split('\n').length - 1).toBeLessThanOrEqual(lines)
})

test('the README maps the folders of the repository', () => {
  expect(mapOf('README.md', 'The folders')).toEqual([
    'actors/',
    'api/',
    'deploy/',
    'docs/',
    'examples/',
    'src/',
    'test/',
  ])
  expect(mapOf('README.md', 'The folders')).toEqual(foldersOf('.').filter((folder) => folder !== 'bin/'))
})

test('ARCHITECTURE maps the folders of src/ and actors/', () => {
  expect(mapOf('ARCHITECTURE.md', 'The folders')).toEqual([...foldersOf('actors'), ...foldersOf('src')])
})

function mapOf(document: string, heading: string): string[] {
  return rowsOf(sectionOf(document, heading))
    .flatMap(([folder]) => codesOf(folder))
    .sort()
}

/** Those under version control, as far as their names tell. */
function foldersOf(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => !name.startsWith('.') && !UNTRACKED.includes(name))
    .filter((name) => statSync(join(root, folder, name)).isDirectory())
    .map((name) => (folder === '.' ? `${name}/` : `${folder}/${name}/`))
    .sort()
}

const UNTRACKED = readFileSync(join(root, '.gitignore'), 'utf8')
  .split('\n')
  .map((line) => line.replace(/\/$/, ''))

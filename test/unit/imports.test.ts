// Holds the shape of the house: which folder may import what, how long a file may be, and that
// every dependency is earned. The rules read the imports of the source as it stands; nothing is
// listed by hand that the files can say.
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listFiles, root } from '../support/source-files.ts'

interface Source {
  path: string
  text: string
  /** Files of the repository, as paths from its root. */
  files: string[]
  /** Names of packages, and of Node's modules with their `node:`. */
  packages: string[]
}

const IMPORT = /^(?:import|export)\s+(?:type\s+)?(?:[\w$*{},\s]+\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm
const PURE = [
  'src/model/',
  'src/expressions/',
  'src/definition/',
  'src/features/',
  'src/lifecycle/',
  'src/rules/',
  'src/profile/',
  'src/views/',
]
/** The pure rooms from the bottom up: none imports one that stands after it. */
const LAYERS = [
  ['src/model/'],
  ['src/expressions/', 'src/features/', 'src/lifecycle/', 'src/views/'],
  ['src/rules/'],
  ['src/definition/'],
  ['src/profile/'],
]
const FILES_PER_FOLDER_MAX = 15
const OUTSIDE_WORLD = [
  'src/log/',
  'src/snapshots/',
  'src/ownership/',
  'src/streams/',
  'src/runtime/',
  'src/calls/',
  'src/adapters/',
  'src/app/',
  'src/cli/',
]
/** The one room where adapters, actors and the API meet. */
const COMPOSITION = 'src/app/'
const LINES_MAX = 250

const sources = listFiles(['src', 'actors', 'api'], '.ts').map((path) => read(path))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const runtimeDependencies = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })

function read(path: string, text = readFileSync(join(root, path), 'utf8')): Source {
  const source: Source = { path, text, files: [], packages: [] }
  for (const [, statically, dynamically] of text.matchAll(IMPORT)) {
    const target = String(statically ?? dynamically)
    if (target.startsWith('.')) {
      source.files.push(relative(root, join(root, dirname(path), target)))
    } else {
      source.packages.push(target.startsWith('node:') ? target : packageOf(target))
    }
  }
  return source
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Every import of `sources` that `forbidden` names, written `from → to`. */
function offences(from: (path: string) => boolean, forbidden: (target: string) => boolean): string[] {
  return sources
    .filter((source) => from(source.path))
    .flatMap((source) =>
      [...source.files, ...source.packages].filter(forbidden).map((target) => `${source.path} → ${target}`),
    )
}

const startsWithOneOf = (folders: readonly string[]) => (path: string) =>
  folders.some((folder) => path.startsWith(folder))

describe('the import rules', () => {
  test('the reader sees the imports that the rules are about', () => {
    const main = sources.find((source) => source.path === 'src/app/engine-thread.ts')
    expect(main?.files).toContain('api/app.ts')
    expect(sources.flatMap((source) => source.packages)).toContain('fastify')
  })

  test('src/ imports neither actors/ nor api/, the composition aside', () => {
    const inSrc = (path: string) => path.startsWith('src/') && !path.startsWith(COMPOSITION)
    expect(offences(inSrc, startsWithOneOf(['actors/', 'api/']))).toEqual([])
  })

  test('actors/ does not import api/, nor api/ actors/', () => {
    expect(offences(startsWithOneOf(['actors/']), startsWithOneOf(['api/']))).toEqual([])
    expect(offences(startsWithOneOf(['api/']), startsWithOneOf(['actors/']))).toEqual([])
  })

  test('only the composition and other adapters import an adapter', () => {
    const adapter = startsWithOneOf(['src/adapters/'])
    expect(sources.some((source) => adapter(source.path))).toBe(true)
    expect(offences((path) => !path.startsWith(COMPOSITION) && !adapter(path), adapter)).toEqual([])
  })

  test('the pure folders import no adapter, clock or logger and no module that does input or output', () => {
    const inputOrOutput = builtinModules
      .filter((name) => !['assert', 'assert/strict', 'buffer', 'crypto', 'util', 'zlib'].includes(name))
      .map((name) => `node:${name.replace(/^node:/, '')}`)
    const forbidden = new Set([...inputOrOutput, 'lmdb', 'fastify', 'nact', 'prom-client'])
    const pure = startsWithOneOf(PURE)
    expect(offences(pure, startsWithOneOf(OUTSIDE_WORLD))).toEqual([])
    expect(offences(pure, (target) => forbidden.has(target))).toEqual([])
  })

  test('the pure folders read no clock and no randomness', () => {
    const impure =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\brandomUUID\(|\bprocess\.(env|hrtime)/
    const found = sources.filter((source) => startsWithOneOf(PURE)(source.path) && impure.test(source.text))
    expect(found.map((source) => source.path)).toEqual([])
  })

  test('a pure room imports only those below it', () => {
    const [, ...above] = LAYERS.map((_, index) => LAYERS.slice(index).flat())
    for (const [index, rooms] of LAYERS.slice(0, -1).entries()) {
      expect(offences(startsWithOneOf(rooms), startsWithOneOf(above[index]!))).toEqual([])
    }
  })

  test('the expression language has one entrance', () => {
    const room = 'src/expressions/'
    const inside = (path: string) => path.startsWith(room) && path !== `${room}expressions.ts`
    expect(offences((path) => !path.startsWith(room), inside)).toEqual([])
  })

  test('no file imports itself by way of others, not even for types', () => {
    expect(findCycle(sources)).toBeUndefined()
  })

  test.each(['import', 'import type'])('a circle is found where one file has an %s of another', (how) => {
    const planted = [
      read('a/one.ts', "import { two } from './two.ts'"),
      read('a/two.ts', "import { three } from '../b/three.ts'"),
      read('b/three.ts', `${how} { One } from '../a/one.ts'`),
    ]
    expect(findCycle(planted)).toBe('a/one.ts → a/two.ts → b/three.ts → a/one.ts')
    expect(findCycle(planted.slice(0, 2))).toBeUndefined()
  })
})

function findCycle(among: readonly Source[]): string | undefined {
  const byPath = new Map(among.map((source) => [source.path, source]))
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ')
    if (done.has(path)) return undefined
    for (const file of byPath.get(path)?.files ?? []) {
      const cycle = visit(file, [...trail, path])
      if (cycle !== undefined) return cycle
    }
    done.add(path)
    return undefined
  }
  return among.map((source) => visit(source.path, [])).find((cycle) => cycle !== undefined)
}

describe('the dependencies', () => {
  test('every package that the engine imports is a runtime dependency, and no other is', () => {
    const imported = sources.flatMap((source) => source.packages).filter((name) => !name.startsWith('node:'))
    expect([...new Set(imported)].sort()).toEqual(Object.keys(manifest.dependencies).sort())
  })

  test('every runtime dependency has its line in ARCHITECTURE.md', () => {
    const section = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
      .split(/^## /m)
      .find((text) => text.startsWith('Dependencies'))
    const explained = [...(section ?? '').matchAll(/^[-|].*?`([^`]+)`/gm)].map((match) => match[1])
    // One line speaks for the Node binaries of all platforms.
    const expected = runtimeDependencies
      .filter((name) => !/^node-.*(darwin|linux|win)-/.test(name))
      .concat('node-*')
    expect(explained.sort()).toEqual(expected.sort())
  })
})

describe('the files', () => {
  test(`of source have at most ${LINES_MAX} lines`, () => {
    const long = listFiles(['src', 'actors', 'api', 'deploy', 'bin'], '.ts', '.mjs')
      .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES_MAX)
    expect(long).toEqual([])
  })

  test(`stand at most ${FILES_PER_FOLDER_MAX} to a folder`, () => {
    const perFolder = Map.groupBy(sources, ({ path }) => dirname(path))
    const full = [...perFolder].filter(([, files]) => files.length > FILES_PER_FOLDER_MAX)
    expect(full.map(([folder, files]) => `${folder}: ${files.length}`)).toEqual([])
  })

  test('of the engine open with a comment that says what they own', () => {
    const silent = sources.filter((source) => !/^(#!.*\n)?(\/\/|\/\*)/.test(source.text))
    expect(silent.map((source) => source.path)).toEqual([])
  })

  test('outside test/ name no folder of the machine they were written on', () => {
    const naming = listFiles(['src', 'actors', 'api', 'deploy', 'bin', 'examples', '.ci', '.'], '')
      .filter((path) => path !== 'package-lock.json' && path !== '.git')
      .filter((path) => /\.\.\/shared\/|\/work\//.test(readFileSync(join(root, path), 'utf8')))
    expect(naming).toEqual([])
  })
})

// Holds docs/http.md against the API: every route, parameter, error code and limit, in both
// directions.
import { expect, test } from 'vitest'
import { ERRORS } from '../../../src/errors.ts'
import { LIMITS } from '../../../src/limits.ts'
import { testApi } from '../../support/api.ts'
import { codesOf, rowsOf, sectionOf, textOf } from '../../support/documents.ts'
import { stubEngine } from '../../support/stub-engine.ts'

const PAGE = 'docs/http.md'

interface Operation {
  parameters?: { name: string; in: string }[]
}

async function operations(): Promise<Map<string, Operation>> {
  const { paths } = (await testApi(stubEngine()).inject('/openapi.json')).json()
  const found = new Map<string, Operation>()
  for (const [path, methods] of Object.entries<Record<string, Operation>>(paths)) {
    for (const [method, operation] of Object.entries(methods))
      found.set(`${method.toUpperCase()} ${path}`, operation)
  }
  return found
}

test('the page lists every route, and no other', async () => {
  const listed = rowsOf(sectionOf(PAGE, 'Routes')).flatMap(([route]) => codesOf(route))
  expect(listed.sort()).toEqual([...(await operations()).keys()].sort())
})

/** The sections that explain the query of a route. */
const QUERIES: Record<string, [document: string, heading: string]> = {
  'POST /v1/actions': [PAGE, 'Actions'],
  'GET /v1/profiles/{userId}': [PAGE, 'Profiles'],
  'GET /v1/profiles/{userId}/counts': [PAGE, 'Counts'],
  'GET /v1/profiles/{userId}/actions': [PAGE, 'Timeline'],
  'GET /v1/profiles/{userId}/explain/{name}': [PAGE, 'Explain'],
  'GET /v1/streams/{stream}': ['docs/streams.md', 'Subscribe'],
}

test('every parameter of a query is explained where its route is', async () => {
  const missing: string[] = []
  for (const [route, { parameters = [] }] of await operations()) {
    const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
    if (names.length === 0) continue
    const explained = codesOf(sectionOf(...QUERIES[route]!))
    missing.push(...names.filter((name) => !explained.includes(name)).map((name) => `${route} ${name}`))
  }
  expect(missing).toEqual([])
})

test('the page lists every error code with its status, and no other', () => {
  const listed = rowsOf(sectionOf(PAGE, 'Error codes')).map(([code, status]) => [
    codesOf(code)[0],
    Number(status),
  ])
  expect(listed.sort()).toEqual(
    Object.entries(ERRORS)
      .map(([code, { status }]) => [code, status])
      .sort(),
  )
})

test('no document names a code that is none', () => {
  const known = new Set([...Object.keys(ERRORS), ...IMPORT_CODES])
  const pages = [PAGE, 'docs/streams.md', 'docs/importing.md', 'docs/operations.md', 'docs/definition.md']
  const named = pages.flatMap((page) =>
    codesOf(textOf(page)).filter((code) => /^[A-Z]+(_[A-Z]+)+$/.test(code)),
  )
  expect(named.filter((code) => !known.has(code) && !/^(PULSEPRINT|NODE)_/.test(code))).toEqual([])
})

/** What an import rejects by itself. */
const IMPORT_CODES = rowsOf(sectionOf('docs/importing.md', 'Rejected rows')).flatMap(([code]) =>
  codesOf(code),
)

const MEBIBYTE = 1024 ** 2

/** The words of the page for each limit, and the limit as the page writes it. */
const LIMIT_ROWS: [string, string][] = [
  ['a request body, unpacked', `${LIMITS.bodyBytesMax / MEBIBYTE} MiB`],
  ['commas, colons and opening brackets in one body', LIMITS.bodyValuesMax.toLocaleString('en-US')],
  [
    `least bytes a second of a body that takes longer than ${LIMITS.bodyGraceMs / 1_000} s`,
    LIMITS.bodyBytesPerSecondMin.toLocaleString('en-US'),
  ],
  [
    'all request bodies that are worked on at a time, unpacked',
    `${LIMITS.bodiesInFlightBytesMax / MEBIBYTE} MiB`,
  ],
  [
    `the part of it that only bodies of at most ${LIMITS.smallBodyBytes / 1024} KiB may use`,
    `${LIMITS.smallBodiesShareBytes / MEBIBYTE} MiB`,
  ],
  ['actions in one request', LIMITS.requestActionsMax.toLocaleString('en-US')],
  ['one action as JSON', `${LIMITS.actionBytesMax / 1024} KiB`],
  ['an id of a user, visitor or action', `${LIMITS.idLengthMax} characters`],
  ['a name of an action, object type, channel or place', `${LIMITS.nameLengthMax} characters`],
  ['levels that `properties` may nest', String(LIMITS.propertiesDepthMax)],
  ['users in one query', LIMITS.queryUsersMax.toLocaleString('en-US')],
  ['names in `fields`', LIMITS.queryFieldsMax.toLocaleString('en-US')],
  ['the body of a query', `${LIMITS.queryBodyBytesMax / MEBIBYTE} MiB`],
  ['ids remembered per user', LIMITS.rememberedIdsMax.toLocaleString('en-US')],
  ['actions in a timeline', String(LIMITS.timelineLengthMax)],
  ['bytes of JSON after which a page of a timeline ends', `${LIMITS.timelinePageBytesMax / 1024} KiB`],
  ['requests of one connection without an answer', String(LIMITS.connectionRequestsMax)],
  ['connections per thread', LIMITS.connectionsMax.toLocaleString('en-US')],
  ['answers to reads that are not taken yet, per thread', `${LIMITS.answersInFlightMax / MEBIBYTE} MiB`],
  ['earlier stages on a profile', String(LIMITS.stageHistoryMax)],
  ['days of counts', String(LIMITS.countDaysMax)],
  ['different actions counted', String(LIMITS.countNamesMax)],
  ['subscribers per thread', LIMITS.subscribersMax.toLocaleString('en-US')],
  ['of these, with one API key', String(LIMITS.subscribersMax * LIMITS.subscribersKeyShare)],
]

test('the limits of the page are those of the engine', () => {
  expect(rowsOf(sectionOf(PAGE, 'Limits'))).toEqual(LIMIT_ROWS)
})

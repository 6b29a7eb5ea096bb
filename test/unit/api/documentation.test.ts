import { expect, test } from 'vitest'
import { ERRORS } from '../../../src/errors.ts'
import { testApi } from '../../support/api.ts'
import { stubEngine } from '../../support/stub-engine.ts'

interface OpenApi {
  openapi: string
  paths: Record<string, Record<string, { summary?: string; responses: object }>>
  components: { schemas: Record<string, { properties: Record<string, { enum?: string[] }> }> }
}

async function openApi(): Promise<OpenApi> {
  return (await testApi(stubEngine()).inject('/openapi.json')).json()
}

/** Codes that are met before the API listens, or by no request. */
const NEVER_ANSWERED = [
  'INVALID_KEY_FILE',
  'STORE_MISMATCH',
  'DATA_FOLDER_IN_USE',
  'DEFINITION_MISMATCH',
  'NODE_NAME_IN_USE',
  'CLOCK_SKEW',
  'FENCED',
  'NOT_OWNER',
  'PEER_LOST',
]

/** Codes that answer what no route has. */
const NOT_OF_A_ROUTE = ['NOT_FOUND', 'METHOD_NOT_ALLOWED']

test('every route is described', async () => {
  const { openapi, paths } = await openApi()
  expect(openapi).toBe('3.1.0')
  expect(Object.keys(paths).sort()).toEqual([
    '/docs',
    '/healthz',
    '/metrics',
    '/openapi.json',
    '/readyz',
    '/v1/actions',
    '/v1/alias',
    '/v1/batch',
    '/v1/group',
    '/v1/identify',
    '/v1/page',
    '/v1/profiles/query',
    '/v1/profiles/{userId}',
    '/v1/profiles/{userId}/actions',
    '/v1/profiles/{userId}/counts',
    '/v1/profiles/{userId}/explain/{name}',
    '/v1/screen',
    '/v1/shards',
    '/v1/shards/{shard}/rebuild',
    '/v1/streams/{stream}',
    '/v1/track',
  ])
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
    expect(operation.summary).toBeTruthy()
  }
})

test('every reference in the document leads somewhere', async () => {
  const document = await openApi()
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    (match) => match[1] as string,
  )
  expect(references.length).toBeGreaterThan(0)
  for (const reference of new Set(references)) {
    expect(reference).toMatch(/^#\/components\/schemas\//)
    expect(Object.keys(document.components.schemas)).toContain(reference.split('/').at(-1))
  }
})

test('the error registry, the OpenAPI document and the docs page name the same codes', async () => {
  const registry = Object.keys(ERRORS).sort()
  const document = await openApi()
  const schema = document.components.schemas.Problem?.properties.code?.enum
  expect(schema?.toSorted()).toEqual(registry)
  const answered = JSON.stringify(Object.values(document.paths)).match(
    /\b[A-Z]+_[A-Z_]+\b|\bINTERNAL\b|\bUNAUTHORIZED\b|\bOVERLOADED\b|\bFENCED\b|\bREFUSED\b/g,
  )
  const described = new Set(answered)
  expect([...described].filter((code) => !registry.includes(code))).toEqual([])
  expect(registry.filter((code) => !described.has(code)).sort()).toEqual(
    [...NEVER_ANSWERED, ...NOT_OF_A_ROUTE].sort(),
  )
  const page = (await testApi(stubEngine()).inject('/docs')).body
  const anchors = [...page.matchAll(/<tr id="([A-Z_]+)"/g)].map((match) => match[1])
  expect(anchors.toSorted()).toEqual(registry)
})

test('the docs page runs no script and may load nothing', async () => {
  const response = await testApi(stubEngine()).inject('/docs')
  expect(response.headers['content-type']).toContain('text/html')
  expect(response.headers['content-security-policy']).toContain("default-src 'none'")
  expect(response.headers['x-content-type-options']).toBe('nosniff')
  expect(response.body).not.toMatch(/<script|<link|<img|https?:\/\/(?!127\.0\.0\.1)/)
})

test('the root points to the docs', async () => {
  const response = await testApi(stubEngine()).inject('/')
  expect([response.statusCode, response.body]).toEqual([200, expect.stringContaining('/docs')])
})

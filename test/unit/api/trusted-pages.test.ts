import { expect, test } from 'vitest'
import { refusalOf } from '../../../api/plugins/trusted-pages.ts'
import { readSettings } from '../../../src/app/settings/settings.ts'
import { testApi } from '../../support/api.ts'
import { stubEngine } from '../../support/stub-engine.ts'

const HERE = { host: '127.0.0.1', origins: ['https://shop.example'] }

test.each([
  '127.0.0.1:8080',
  '127.0.0.1',
  '127.9.9.9:1',
  'localhost:8080',
  'LOCALHOST',
  'localhost.:8080',
  '[::1]:8080',
])('the host %s is answered', (host) => {
  expect(refusalOf({ host }, HERE)).toBeUndefined()
})

test.each([
  undefined,
  '',
  'evil.example',
  'evil.example:8080',
  'localhost.evil.example',
  'evil-localhost',
  '127.0.0.1.evil.example',
  'localhost@evil.example',
  'evil.example#localhost',
  'evil.example/localhost',
  '192.168.0.7',
  '[::2]',
  '0.0.0.0',
  'localhost:99999',
  'local host',
])('the host %s is not', (host) => {
  expect(refusalOf({ host }, HERE)).toBe('FOREIGN_HOST')
})

test('the address listened on is answered, also where it is no loopback name', () => {
  const listening = (host: string) => ({ host, origins: [] })
  expect(refusalOf({ host: 'ENGINE.internal:80' }, listening('engine.internal'))).toBeUndefined()
  expect(refusalOf({ host: '[::1]' }, listening('::1'))).toBeUndefined()
  expect(refusalOf({ host: 'other.internal' }, listening('engine.internal'))).toBe('FOREIGN_HOST')
})

test.each([
  [undefined, undefined],
  ['https://shop.example', undefined],
  ['http://127.0.0.1:8080', undefined],
  ['https://127.0.0.1:8080', 'FOREIGN_ORIGIN'],
  ['http://127.0.0.1:9000', 'FOREIGN_ORIGIN'],
  ['http://localhost:8080', 'FOREIGN_ORIGIN'],
  ['https://shop.example.evil.example', 'FOREIGN_ORIGIN'],
  ['http://shop.example', 'FOREIGN_ORIGIN'],
  ['https://shop.example:444', 'FOREIGN_ORIGIN'],
  ['null', 'FOREIGN_ORIGIN'],
  ['', 'FOREIGN_ORIGIN'],
  ['file://', 'FOREIGN_ORIGIN'],
])('a page of %s at 127.0.0.1:8080: %s', (origin, refusal) => {
  expect(refusalOf({ host: '127.0.0.1:8080', origin }, HERE)).toBe(refusal)
})

test('a refused request is told why, before its body is looked at', async () => {
  const engine = stubEngine()
  const app = testApi(engine)
  const page = { origin: 'https://evil.example', 'content-type': 'text/plain' }
  const write = await app.inject({ method: 'POST', url: '/v1/batch', headers: page, body: '{"batch":[]}' })
  expect(write.json()).toMatchObject({ status: 403, code: 'FOREIGN_ORIGIN' })
  const read = await app.inject({ url: '/v1/profiles/u', headers: { host: 'evil.example' } })
  expect(read.json()).toMatchObject({ status: 421, code: 'FOREIGN_HOST' })
  expect(engine.submitted).toEqual([])
})

test('with keys an allowed page is let ask first, and no host is refused', async () => {
  const keys = { nameOf: (key: string) => (key === 'secret' ? 'shop' : undefined) }
  const trusted = { host: '0.0.0.0', origins: ['https://shop.example'] }
  const app = testApi(stubEngine(), { keys, trusted })
  const origin = 'https://shop.example'
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/v1/actions',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  })
  expect(preflight.statusCode).toBe(204)
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'authorization',
  })
  const unknown = await app.inject({ url: '/v1/shards', headers: { origin } })
  expect([unknown.statusCode, unknown.headers['access-control-allow-origin']]).toEqual([401, origin])
  const known = { host: 'any.example', authorization: 'Bearer secret', origin: 'https://other.example' }
  const answer = await app.inject({ url: '/v1/shards', headers: known })
  expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([200, undefined])
})

test('origins are settings: exact ones, every bad one named', () => {
  const { origins } = readSettings({ PULSEPRINT_ORIGINS: 'https://shop.example, http://localhost:3000' })
  expect(origins).toEqual(['https://shop.example', 'http://localhost:3000'])
  for (const bad of [
    '*',
    'shop.example',
    'https://shop.example/',
    'https://*.example',
    'null',
    'ftp://x.example',
  ]) {
    expect(() => readSettings({ PULSEPRINT_ORIGINS: bad })).toThrow(`PULSEPRINT_ORIGINS has "${bad}"`)
  }
})

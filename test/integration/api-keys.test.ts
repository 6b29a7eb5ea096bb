import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../../src/app/settings/settings.ts'
import { startServer } from '../../src/app/start-server.ts'
import { readApiKeys } from '../../src/runtime/api-keys.ts'
import { temporaryFolder } from '../support/folders.ts'

const KEY = 'k-0123456789abcdef'

async function startWithKeys() {
  const folder = temporaryFolder()
  const path = join(folder, 'keys')
  writeFileSync(path, `# our clients\nmobile-app ${KEY}\n`)
  const server = await startServer(
    readSettings({ PULSEPRINT_DATA: join(folder, 'data'), PULSEPRINT_PORT: '0', PULSEPRINT_KEYS: path }),
  )
  onTestFinished(() => server.stop())
  const statusOf = async (path: string, authorization?: string) =>
    (await fetch(server.url + path, { headers: authorization === undefined ? {} : { authorization } })).status
  return { server, statusOf }
}

describe('with API keys', () => {
  test('a request without a key, or with a wrong one, gets 401 with a challenge and a code', async () => {
    const { server, statusOf } = await startWithKeys()
    const answer = await fetch(`${server.url}/v1/profiles/u-1`)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await answer.json()).toMatchObject({ code: 'UNAUTHORIZED' })
    for (const wrong of [
      'Bearer',
      'Bearer x',
      `Bearer ${KEY}x`,
      `Digest ${KEY}`,
      'Basic %%%',
      `Basic ${btoa(`x:${KEY}`)}`,
    ]) {
      expect(await statusOf('/v1/profiles/u-1', wrong)).toBe(401)
    }
  })

  test('the key opens the API as a Bearer token and as the user name of Basic authorization', async () => {
    const { statusOf } = await startWithKeys()
    expect(await statusOf('/v1/profiles/u-1', `Bearer ${KEY}`)).toBe(404)
    expect(await statusOf('/v1/profiles/u-1', `Basic ${btoa(`${KEY}:`)}`)).toBe(404)
  })

  test('health checks need no key, everything else does, unknown addresses too', async () => {
    const { statusOf } = await startWithKeys()
    expect(await Promise.all(['/healthz', '/readyz'].map((path) => statusOf(path)))).toEqual([200, 200])
    const guarded = ['/metrics', '/v1/shards', '/docs', '/openapi.json', '/', '/nothing/here']
    expect(await Promise.all(guarded.map((path) => statusOf(path)))).toEqual(guarded.map(() => 401))
  })
})

test('a key file with bad lines is refused with its path and the lines, and without the keys', () => {
  const text = `good ${KEY}\nshort 123\nno-key\ngood ${KEY}2\n`
  expect(() => readApiKeys(text, '/etc/keys')).toThrow(/^\/etc\/keys: line 2, 3, 4: /)
  expect(() => readApiKeys(text, '/etc/keys')).not.toThrow(/0123456789/)
  expect(() => readApiKeys('# nothing\n', '/etc/keys')).toThrow(/^\/etc\/keys holds no key/)
})

test('without keys a host that others can reach is refused', () => {
  expect(() => readSettings({ PULSEPRINT_HOST: '0.0.0.0' })).toThrow(/PULSEPRINT_KEYS/)
  expect(readSettings({ PULSEPRINT_HOST: '0.0.0.0', PULSEPRINT_KEYS: 'keys' }).host).toBe('0.0.0.0')
})

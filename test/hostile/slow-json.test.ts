// Bodies that are small on the wire and slow to read: another client's reads go on meanwhile.
import { brotliCompressSync, constants } from 'node:zlib'
import { expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { startAttacked } from '../support/attacked-engine.ts'
import { OtherClient } from '../support/other-client.ts'

const SIZE = LIMITS.bodyBytesMax - 2
const NDJSON = 'application/x-ndjson'
const JSON_TYPE = 'application/json'

const listOf = (item: string) => `[${item.repeat(SIZE / item.length).slice(0, -1)}]`

function listOfDistinct(item: (number: number) => string): string {
  const items: string[] = []
  for (let [number, length] = [0, 0]; length < SIZE - 40; number++) {
    length += items[items.push(item(number)) - 1]!.length + 1
  }
  return `[${items.join(',')}]`
}

const BODIES: [name: string, type: string, text: string, statuses: number[]][] = [
  ['sixteen million newlines', NDJSON, '\n'.repeat(SIZE), [200]],
  ['lines of a blank that is not ASCII', NDJSON, '\u00a0\n'.repeat(SIZE / 3), [413]],
  ['brackets that only open', JSON_TYPE, '['.repeat(SIZE), [413]],
  ['brackets that open and close', JSON_TYPE, '['.repeat(SIZE / 2) + ']'.repeat(SIZE / 2), [413]],
  ['empty objects', JSON_TYPE, listOf('{},'), [413]],
  [
    'as many empty objects as a body may have values',
    JSON_TYPE,
    `[${'{},'.repeat(LIMITS.bodyValuesMax / 2 - 2)}{}]`,
    [413],
  ],
  ['objects of names of their own', JSON_TYPE, listOfDistinct((number) => `{"k${number}":1}`), [413]],
]

test('what is slow to read is refused before it is read', async () => {
  const engine = await startAttacked()
  for (const [name, type, text, statuses] of BODIES) {
    const packed = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
    const other = new OtherClient(engine.url)
    const response = await fetch(`${engine.url}/v1/actions`, {
      method: 'POST',
      body: packed,
      headers: { 'content-type': type, 'content-encoding': 'br' },
    })
    const answer = await response.text()
    await other.stop()
    console.log(
      `${packed.length} bytes, ${name}: ${response.status} ${answer.slice(0, 100)}; ` +
        `another client waited ${other.longestMs.toFixed(0)} ms at most; ${engine.ownMemoryMiB} MiB`,
    )
    expect([name, response.status]).toEqual([name, expect.toBeOneOf(statuses)])
    expect(Object.keys(other.statuses)).toEqual(['404'])
  }
})

import { expect, test } from 'vitest'
import { readable } from '../../../src/cli/commands/profile.ts'
import { printable, printableJson, printableLines } from '../../../src/cli/printable.ts'
import { table } from '../../../src/cli/table.ts'

const HOSTILE = 'a\u001b[2Jb\u009b31mc\rd'
/** Line ends aside. */
const isControl = (unit: number) => (unit < 32 && unit !== 10) || (unit >= 127 && unit < 160)
const controls = (text: string) => [...text].filter((each) => isControl(each.charCodeAt(0)))

test('nothing that a client sent steers the terminal', () => {
  const profile = {
    userId: HOSTILE,
    features: { said: HOSTILE, list: [HOSTILE] },
    stage: { name: 'new', since: '2026-01-01T00:00:00.000Z', history: [{ name: HOSTILE, since: '' }] },
    badges: [{ name: HOSTILE, at: '2026-01-01T00:00:00.000Z' }],
    asOf: { shard: 0, epoch: 1, sequence: 1, at: '2026-01-01T00:00:00.000Z' },
    source: 'live',
  }
  const shown = [
    readable(profile as never),
    table(['name'], [[HOSTILE]]),
    printable(HOSTILE),
    printableLines(`${HOSTILE}\n${HOSTILE}`),
    printableJson(JSON.stringify(profile, undefined, 2)),
  ]
  for (const text of shown) expect(controls(text)).toEqual([])
  expect(JSON.parse(printableJson(JSON.stringify(profile)))).toEqual(profile)
  expect(printableLines('one\ntwo')).toBe('one\ntwo')
})

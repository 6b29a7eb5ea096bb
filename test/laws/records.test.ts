import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileDefinition } from '../../src/definition/compile.ts'
import {
  decodeActions,
  decodeHeader,
  decodeTick,
  encodeChunk,
  encodeRecord,
  encodeTick,
} from '../../src/ingest/records.ts'
import { ItemProblem, validateItem } from '../../src/ingest/validate.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Action } from '../../src/model/action.ts'

const NOW = Date.parse('2026-11-20T09:30:00.000Z')

const { definition } = compileDefinition('version: 1\nfeatures: {}\n') as Extract<
  ReturnType<typeof compileDefinition>,
  { definition: unknown }
>

/** Names that mean something to JavaScript, to libraries, or to nobody. */
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'then', 'valueOf', 'length', 'prototype', '0', ''),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
)
const surrogate = fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit))
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(fc.oneof(surrogate, fc.string({ maxLength: 3 })), { maxLength: 40 })
    .map((parts) => parts.join('')),
)
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 2 ** 32, -(2 ** 31) - 1, 2 ** 53, -(2 ** 63), 2 ** 64, 5e-324, 1e308),
)
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.array(tie('json'), { maxLength: 4 }),
    objectOf(tie('json')),
  ),
}))

/** Objects as JSON.parse makes them: `__proto__` is a key like any other. */
function objectOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .array(fc.tuple(key, value), { maxLength: 5 })
    .map((entries) => Object.fromEntries(entries) as Record<string, unknown>)
}

/** Mostly right, so that many items are taken; wrong in every way now and then. */
const name = fc.oneof({ weight: 9, arbitrary: fc.string({ unit: 'grapheme', minLength: 1 }) }, text)
const optional = (value: fc.Arbitrary<unknown>) =>
  fc.option(fc.oneof({ weight: 30, arbitrary: value }, json), { nil: undefined })
const item = fc.record({
  action: fc.oneof({ weight: 30, arbitrary: name }, json),
  userId: optional(name),
  anonymousId: optional(name),
  id: optional(name),
  occurredAt: optional(fc.integer({ min: 0, max: NOW })),
  object: optional(fc.record({ id: name, type: fc.option(name) })),
  channel: optional(name),
  place: optional(name),
  properties: fc.option(objectOf(json), { nil: undefined }),
})

/**
 * What becomes of an item as JSON.parse gives it (a copy: taking an action may change it);
 * undefined where refused.
 */
function valid(sent: unknown): Action | undefined {
  let made = 0
  try {
    return validateItem(definition, structuredClone(sent), NOW, () => `made-${made++}`)
  } catch (error) {
    if (error instanceof ItemProblem) return undefined
    throw error
  }
}

test('any JSON as an item is an action or an ItemProblem, never another error', () => {
  fc.assert(
    fc.property(json, item, (anything, almost) => {
      valid(anything)
      valid(almost)
    }),
    { numRuns: 1_000 },
  )
})

test('the log gives back exactly the actions that were taken, in the order of their chunks', () => {
  let taken = 0
  fc.assert(
    fc.property(fc.array(fc.array(item, { maxLength: 4 }), { maxLength: 3 }), (chunks) => {
      const actions = chunks.map((items) => items.map(valid).filter((action) => action !== undefined))
      // No request without a good action ever reaches the log.
      if (actions.flat().length === 0) return
      taken += actions.flat().length
      const encoded = actions.filter((chunk) => chunk.length > 0).map(encodeChunk)
      const record = encodeRecord(NOW, 7, actions.flat().length, encoded)
      expect(decodeHeader(record)).toEqual({
        kind: 'actions',
        receivedAt: NOW,
        epoch: 7,
        count: actions.flat().length,
      })
      // Vitest's own equality asks values for `.constructor`, which is a key like any other here.
      deepStrictEqual(decodeActions(record), actions.flat())
    }),
    { numRuns: 1_000 },
  )
  expect(taken).toBeGreaterThan(100)
})

test('the log gives back a tick: when, under which epoch, and for whom', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 256 })), (users) => {
      const record = encodeTick(NOW, 7, users)
      expect(decodeHeader(record)).toEqual({ kind: 'tick', receivedAt: NOW, epoch: 7, count: users.length })
      expect(decodeTick(record)).toEqual(users)
    }),
  )
})

test('minus zero and halves of surrogate pairs are replaced when the action is taken', () => {
  const sent = '{"action":"a","userId":"u","properties":{"zero":-0,"half":"x\\ud83d","list":[-0,"\\udc00"]}}'
  const { properties } = validateItem(definition, JSON.parse(sent), NOW, () => 'made')
  expect(properties).toStrictEqual({ zero: 0, half: 'x\ufffd', list: [0, '\ufffd'] })
})

test.each([
  ['{"properties":{"\\ud800":1}}', '/properties/\ufffd'],
  ['{"properties":{"a":{"__proto__":1}}}', '/properties/a/__proto__'],
  ['{"properties":{"a":{"constructor":1,"toJSON":2}}}', '/properties/a/toJSON'],
  ['{"properties":{"a":[1e400]}}', '/properties/a/0'],
  ['{"userId":"\\udc00"}', '/userId'],
  [`{"place":"${'p'.repeat(LIMITS.nameLengthMax + 1)}"}`, '/place'],
  [`{"properties":{"a":"${'b'.repeat(LIMITS.actionBytesMax)}"}}`, '/properties'],
])('what the log could not hold is refused with its place: %#', (fields, path) => {
  const sent = { action: 'a', userId: 'u', ...JSON.parse(fields) }
  expect(() => validateItem(definition, sent, NOW, () => 'made')).toThrow(expect.objectContaining({ path }))
})

import { expect, test } from 'vitest'
import { compileDefinition, compileTests } from '../../../src/definition/compile.ts'

const DEFINITION = `version: 1
features: { seen: { aggregate: count } }
lifecycle: { initial: here, transitions: [ { from: here, to: away, after: 3d } ] }
rules: { hello: { on: "*", badge: true } }
`
const AT_STEP = '4:7'

/** name, step on line 3, column of the mistake, part of the message, part of the hint */
const BROKEN: [string, string, string, string, string][] = [
  ['an unknown key', '{ actoin: a }', '4:9', 'Unknown key: actoin', '`action`'],
  ['no instant', '{ at: yesterday }', '4:13', 'Not an instant', 'ISO 8601'],
  ['no duration', '{ after: 1 week }', '4:16', 'Not a duration', '30d'],
  ['both times', '{ at: 2026-01-01T00:00:00Z, after: 1d }', '4:35', 'do not go together', 'Remove'],
  ['properties of no action', '{ properties: { a: 1 } }', '4:9', 'needs an `action`', 'example'],
  ['a receipt of no action', '{ expect: { receipt: accepted } }', '4:19', 'needs an `action`', 'example'],
  ['an unknown receipt', '{ action: a, expect: { receipt: acepted } }', '4:39', 'No receipt', '`accepted`'],
  ['an unknown feature', '{ expect: { features: { sen: 1 } } }', '4:31', 'No feature is named sen', '`seen`'],
  ['an unknown stage', '{ expect: { stage: hre } }', '4:26', 'No stage is named hre', '`here`'],
  ['an unknown rule', '{ expect: { decisions: [helo] } }', '4:31', 'No rule is named helo', '`hello`'],
  ['a decision without rule', '{ expect: { decisions: [ { payload: 1 } ] } }', '4:32', 'no `rule`', 'Name'],
  ['decisions that are no list', '{ expect: { decisions: hello } }', '4:30', 'must be a list', 'decisions:'],
  ['an unknown expectation', '{ expect: { feature: { seen: 1 } } }', '4:19', 'Unknown key', '`features`'],
  ['a step that is no map', 'purchase', AT_STEP, 'must be a map', 'action'],
]

test.each(BROKEN)('%s', (_, step, place, message, hint) => {
  const { definition } = compileDefinition(DEFINITION) as Extract<
    ReturnType<typeof compileDefinition>,
    { definition: unknown }
  >
  const compiled = compileTests(`# tests\ntests:\n  t:\n    - ${step}\n`, definition)
  expect(compiled).toHaveProperty('problems')
  const { problems } = compiled as Extract<typeof compiled, { problems: unknown }>
  expect(problems[0]).toMatchObject({
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
  expect(`${problems[0]!.line}:${problems[0]!.column}`).toBe(place)
  // The same in the definition itself.
  expect(compileDefinition(`${DEFINITION}tests:\n  t:\n    - ${step}\n`)).toMatchObject({
    problems: [{ message: problems[0]!.message }],
  })
})

test('a value that contains itself, or is made of very many, is refused', () => {
  const own = `${DEFINITION}tests: { t: [ { action: a, properties: &p { again: *p } } ] }\n`
  expect(compileDefinition(own)).toMatchObject({ problems: [{ message: '`properties` is too large' }] })
  const doubled = Array.from(
    { length: 30 },
    (_, at) => `n${at}: &n${at} [${at > 0 ? `*n${at - 1}, *n${at - 1}` : 1}]`,
  )
  const laughs = `${DEFINITION}tests: { t: [ { action: a, properties: { ${doubled.join(', ')} } } ] }\n`
  expect(compileDefinition(laughs)).toMatchObject({ problems: [{ message: '`properties` is too large' }] })
})

test('a file of tests is nothing else, and may be empty', () => {
  const { definition } = compileDefinition(DEFINITION) as Extract<
    ReturnType<typeof compileDefinition>,
    { definition: unknown }
  >
  expect(compileTests('tests: {}\n', definition)).toEqual({ tests: [] })
  expect(compileTests('', definition)).toMatchObject({
    problems: [{ message: 'The definition must be a map' }],
  })
  expect(compileTests(DEFINITION, definition)).toHaveProperty('problems')
})

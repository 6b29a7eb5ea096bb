// Plain expressions say what the library says, for random trees over random actions.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CelContext } from '../../../src/expressions/cel-context.ts'
import { createEnvironment } from '../../../src/expressions/cel-environment.ts'
import { toValue } from '../../../src/expressions/cel-value.ts'
import { ExpressionCompiler } from '../../../src/expressions/expressions.ts'
import { plainOf, UNSURE } from '../../../src/expressions/plain.ts'
import { ACTION } from './contexts.ts'

const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
const property = fc.oneof(
  number,
  fc.constantFrom('', 'shoes', '1'),
  fc.boolean(),
  fc.constant(null),
  fc.constant([1]),
)
const properties = fc.dictionary(fc.constantFrom('a', 'b', 'c'), property)

const name = fc.constantFrom('properties.a', 'properties["b"]', 'properties.c', 'channel', 'place', 'action')
const literal = fc.constantFrom('0', '1', '-2', '2.5', '0.0', '1e300', '"shoes"', '"1"', 'true', 'false')
const { source } = fc.letrec<{ source: string; binary: string; ternary: string; not: string }>((tie) => ({
  source: fc.oneof({ maxDepth: 4 }, name, literal, tie('binary'), tie('ternary'), tie('not')),
  binary: fc
    .tuple(
      tie('source'),
      fc.constantFrom('+', '-', '*', '/', '%', '<', '<=', '>', '>=', '==', '!=', '&&', '||'),
      tie('source'),
    )
    .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
  ternary: fc
    .tuple(tie('source'), tie('source'), tie('source'))
    .map(([condition, yes, no]) => `(${condition} ? ${yes} : ${no})`),
  not: tie('source').map((of) => `!(${of})`),
}))

function librarySays(text: string, action: typeof ACTION): unknown {
  try {
    return toValue(createEnvironment().parse(text)(new CelContext().show(action)))
  } catch {
    return undefined
  }
}

test('what compiles has the value that the library gives', () => {
  const compiler = new ExpressionCompiler()
  let compiled = 0
  fc.assert(
    fc.property(source, properties, (text, sent) => {
      const made = compiler.compile(text, 'of')
      fc.pre(!('problems' in made))
      compiled++
      const action = { ...ACTION, properties: sent }
      expect(made.expression.evaluate(action)).toEqual(librarySays(text, action))
    }),
    { numRuns: 2_000 },
  )
  expect(compiled).toBeGreaterThan(1_000)
})

test.each([
  ['properties.a * properties.b', 7.5],
  ['properties.a + 1 >= 4 && properties.c == "shoes"', true],
  ['properties.a % 2 == 1 ? properties.c : "none"', 'shoes'],
  ['!(properties.a < 3)', true],
  ['properties.c + "!"', UNSURE],
  ['properties.missing > 1', UNSURE],
  ['properties.a == "3"', UNSURE],
  ['7 / 2', undefined],
  ['9007199254740993 < properties.a', undefined],
  ['size(properties.c) > 1', undefined],
])('%s is plain, left to the library because of a value, or because of its tree: %s', (text, expected) => {
  const values: Record<string, unknown> = { a: 3, b: 2.5, c: 'shoes' }
  const run = plainOf<undefined>(createEnvironment().parse(text).ast, (node) =>
    node.op === '.' ? () => values[node.args[1]] : undefined,
  )
  expect(run?.(undefined)).toBe(expected)
})

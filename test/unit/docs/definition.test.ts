// Holds docs/definition.md and docs/importing.md against what is read: every key, every bound,
// every example.

import { describe, expect, test } from 'vitest'
import { isMap, parseDocument, visit } from 'yaml'
import { parseMapping } from '../../../src/cli/import/mapping/mapping.ts'
import { BOUNDS } from '../../../src/definition/bounds.ts'
import { compileDefinition } from '../../../src/definition/compile.ts'
import { AGGREGATES } from '../../../src/features/operators.ts'
import { blocksOf, codesOf, DOCUMENTS, rowsOf, sectionOf } from '../../support/documents.ts'

const PAGE = 'docs/definition.md'
/** A key that no map takes: the hint then names those that it takes. */
const WRONG = 'x_____________________'

/** By section of the page: documents with a wrong key in each map of the section. */
const WITH_A_WRONG_KEY = {
  'Top level': ['features: {}\n'],
  Actions: [
    `features: {}\nactions: { a: { ${WRONG}: 1 } }`,
    `features: {}\nactions: { a: { properties: { p: { type: map, ${WRONG}: 1 } } } }`,
  ],
  Features: [`features: { f: { aggregate: count, ${WRONG}: 1 } }`],
  Lifecycle: [
    `features: {}\nlifecycle: { ${WRONG}: 1 }`,
    `features: {}\nlifecycle: { initial: a, transitions: [{ from: a, to: b, on: c, ${WRONG}: 1 }] }`,
  ],
  Rules: [
    `features: {}\nrules: { r: { ${WRONG}: 1 } }`,
    `features: {}\nrules: { r: { on: { ${WRONG}: 1 } } }`,
    `features: {}\nrules: { r: { on: a, emit: { ${WRONG}: 1 } } }`,
    `features: {}\nrules: { r: { on: a, limit: { ${WRONG}: 1 } } }`,
  ],
  Streams: [`features: {}\nstreams: { s: { ${WRONG}: 1 } }`],
}

/** The keys that the map with the wrong key takes. */
function keysBeside(document: string): string[] {
  const text = document.includes(WRONG) ? document : `${document}${WRONG}: 1\n`
  const compiled = compileDefinition(`version: 1\n${text}`)
  const problems = 'problems' in compiled ? compiled.problems : []
  const hint = problems.find(({ message }) => message === `Unknown key: ${WRONG}`)?.hint
  const [, list] = /^Allowed: (.*)\.$/.exec(hint ?? '') ?? []
  if (!list) throw new Error(`no hint lists the keys: ${JSON.stringify(problems)}`)
  return list.split(', ')
}

describe.each(Object.entries(WITH_A_WRONG_KEY))(
  'the section %s of the definition page',
  (heading, documents) => {
    const section = sectionOf(PAGE, heading)
    const [table = ''] = section.split('\n\n').filter((part) => part.trim().startsWith('| key |'))
    const named = rowsOf(table).flatMap(([key]) => codesOf(key))

    test('names every key, and no other', () => {
      expect(named.sort()).toEqual([...new Set(documents.flatMap(keysBeside))].sort())
    })

    test('shows every key in an example', () => {
      const shown = new Set<string>()
      for (const [, yaml] of section.matchAll(/^```yaml\n(.*?)^```$/gms)) {
        visit(parseDocument(String(yaml)), { Pair: (_, { key }) => void shown.add(String(key)) })
      }
      expect(named.filter((key) => !shown.has(key))).toEqual([])
    })
  },
)

test('the definition page names every aggregate', () => {
  const named = rowsOf(sectionOf(PAGE, 'Features')).flatMap(([first]) => codesOf(first))
  expect(AGGREGATES.filter((name) => !named.includes(name))).toEqual([])
})

/** The words of the page for each bound. */
const BOUND_ROWS: Record<keyof typeof BOUNDS, string> = {
  documentBytesMax: 'bytes',
  aliasesMax: 'YAML aliases',
  actionsMax: 'declared actions',
  propertiesMax: 'properties of one action',
  featuresMax: 'features',
  featureActionsMax: 'actions named by one feature',
  windowTilesMax: 'days, hours, minutes of a window',
  conditionTilesMax: 'days, hours or minutes of a window that a condition without `on` reads',
  graceMax: "periods of a streak's `grace`",
  stagesMax: 'stages',
  transitionsMax: 'transitions',
  rulesMax: 'rules',
  priorityMax: "a rule's `priority`, up and down",
  streamsMax: 'declared streams',
  limitTimesMax: '`times` of a limit per window',
  payloadLeavesMax: 'values in one payload',
  payloadDepthMax: 'levels that a payload nests',
  testsMax: 'tests in one file',
  testStepsMax: 'steps of one test',
  valuePartsMax: 'parts of a value in a test',
  problemsMax: 'mistakes reported at once',
}

test('the definition page names every bound, and no other', () => {
  const shown = (bound: number | object): string =>
    typeof bound === 'number' ? bound.toLocaleString('en-US') : Object.values(bound).map(shown).join(', ')
  const expected = Object.entries(BOUND_ROWS).map(([name, words]) => [
    words,
    shown(BOUNDS[name as keyof typeof BOUNDS]),
  ])
  expect(rowsOf(sectionOf(PAGE, 'Bounds'))).toEqual(expected)
})

const yamlBlocks = DOCUMENTS.flatMap((document) =>
  blocksOf(document)
    .filter(({ language }) => language === 'yaml')
    .map(({ text, line }) => ({ place: `${document}:${line}`, text })),
)

test.each(yamlBlocks)('the YAML at $place is right', ({ text }) => {
  expect(isMap(parseDocument(text).contents)).toBe(true)
  expect(compileDefinition(text)).not.toHaveProperty('problems')
})

test('the mapping of the import page is right', () => {
  const script = blocksOf('docs/importing.md').find(({ text }) => text.includes('sales.yaml <<'))
  const [, mapping = ''] = /sales\.yaml <<'END'\n(.*?)^END$/ms.exec(script?.text ?? '') ?? []
  expect(parseMapping(mapping)).not.toHaveProperty('problems')
})

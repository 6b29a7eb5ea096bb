import { describe, expect, it, test } from 'vitest'
import { problemsOf } from './documents.ts'

const HEAD = `version: 1
actions: { purchase: {}, view: {} }
features: { visits: { aggregate: count }, spend: { aggregate: sum, of: properties.price } }
`
/** Transitions begin on line 6, column 5. */
const lifecycle = (...transitions: string[]) =>
  `${HEAD}lifecycle:\n  initial: new\n  transitions: [\n    ${transitions.join(',\n    ')} ]\n`
const STAGED = `${HEAD}lifecycle: { initial: new, transitions: [{ from: new, to: active, on: purchase }] }\n`
/** One rule on line 6, from column 3; the stages are new and active. */
const rule = (body: string) => `${STAGED}rules:\n  r: ${body}\n`
const bare = (body: string) => `${HEAD}rules:\n  r: ${body}\n`
const payload = (body: string) => rule(`{ on: purchase, emit: { stream: s, payload: ${body} } }`)
const FORWARD = '{ from: new, to: active, on: purchase }'

/** name, document, line:column, part of the message, part of the hint */
type Broken = [string, string, string, string, string]

const BROKEN_LIFECYCLES: Broken[] = [
  ['that is text', `${HEAD}lifecycle: new\n`, '4:12', 'must be a map', 'initial, transitions'],
  ['that is empty', `${HEAD}lifecycle:\n`, '4:1', 'must be a map', 'initial'],
  [
    'with an unknown key',
    `${STAGED.replace('initial: new', 'initial: new, inital: new')}`,
    '4:28',
    'Unknown key: inital',
    '`initial`',
  ],
  [
    'without initial',
    `${HEAD}lifecycle: { transitions: [${FORWARD}] }\n`,
    '4:1',
    'no `initial`',
    'initial: new',
  ],
  ['without transitions', `${HEAD}lifecycle: { initial: new }\n`, '4:1', 'no `transitions`', '- { from: new'],
  [
    'whose transitions are a map',
    `${HEAD}lifecycle: { initial: new, transitions: ${FORWARD} }\n`,
    '4:41',
    'must be a list',
    '- {',
  ],
  [
    'whose initial stage is a list',
    `${HEAD}lifecycle: { initial: [new], transitions: [] }\n`,
    '4:23',
    'must be text',
    'dormant',
  ],
  ['with a transition that is text', lifecycle('new'), '7:5', 'must be a map', 'from, to, on, when'],
  [
    'with an unknown key in a transition',
    lifecycle('{ from: new, to: b, on: view, wehn: "true" }'),
    '7:35',
    'Unknown key: wehn',
    '`when`',
  ],
  ['with a transition from nowhere', lifecycle('{ to: b, on: view }'), '7:5', 'no `from`', 'from: new'],
  ['with a transition to nowhere', lifecycle('{ from: new, on: view }'), '7:5', 'no `to`', 'to: active'],
  [
    'with a transition to any',
    lifecycle('{ from: new, to: "*", on: view }'),
    '7:22',
    'Not a stage',
    'dormant',
  ],
  [
    'with a bad stage name',
    lifecycle('{ from: new, to: very-active, on: view }'),
    '7:22',
    'Not a stage name: very-active',
    'letters, digits and `_`',
  ],
  [
    'with a reserved stage name',
    lifecycle('{ from: new, to: constructor, on: view }'),
    '7:22',
    'Reserved name',
    'another',
  ],
  [
    'with a number for a stage',
    lifecycle('{ from: [new, 7], to: b, on: view }'),
    '7:19',
    'must be text',
    'list of stages',
  ],
  [
    'with a transition from a stage to itself',
    lifecycle(FORWARD, '{ from: [new, active], to: active, on: view }'),
    '8:13',
    'from `active` to itself',
    'Remove it',
  ],
  ['with a transition without a cause', lifecycle('{ from: new, to: b }'), '7:5', 'no cause', '`after`'],
  [
    'with a stage misspelt in `from`',
    lifecycle(FORWARD, '{ from: actve, to: new, on: view }'),
    '8:13',
    'No user can reach the stage `actve`',
    '`active`',
  ],
  [
    'with no stage to come from',
    lifecycle('{ from: "*", to: new, after: 1d }'),
    '7:5',
    'the only stage',
    'another stage',
  ],
  [
    'with an undeclared action',
    lifecycle('{ from: new, to: b, on: purchse }'),
    '7:29',
    'No declared action',
    '`purchase`',
  ],
  [
    'with `on` beside `after`',
    lifecycle('{ from: new, to: b, on: view, after: 1d }'),
    '7:25',
    'do not go together',
    'remove',
  ],
  [
    'with `since` but no `after`',
    lifecycle('{ from: new, to: b, on: view, since: stage }'),
    '7:35',
    '`since` without `after`',
    'after: 7d',
  ],
  [
    'with an unknown `since`',
    lifecycle('{ from: new, to: b, after: 1d, since: stge }'),
    '7:43',
    'Unknown `since`',
    '`stage`',
  ],
  [
    'with a time that is none',
    lifecycle('{ from: new, to: b, after: 2 weeks }'),
    '7:32',
    'Not a duration',
    '30d',
  ],
  [
    'with a condition that is a number',
    lifecycle('{ from: new, to: b, when: stage }'),
    '7:31',
    'true or false',
    'features.purchases',
  ],
  [
    'with a condition that is YAML true',
    lifecycle('{ from: new, to: b, on: view, when: true }'),
    '7:41',
    'must be text',
    'Leave `when` out',
  ],
  [
    'whose condition without `on` reads the action',
    lifecycle('{ from: new, to: b, when: properties.price > 1 }'),
    '7:31',
    '`properties` is only there',
    'features, stage, userId',
  ],
  [
    'whose condition without `on` reads the profile',
    lifecycle('{ from: new, to: b, after: 1d, when: size(profile.badges) > 0 }'),
    '7:47',
    '`profile` is only there',
    'features',
  ],
  [
    'that time alone would turn for ever',
    lifecycle(
      '{ from: new, to: b, after: 1d, since: stage }',
      '{ from: "*", to: new, after: 2d, since: stage }',
    ),
    '8:5',
    'from `b` to `new` and back for ever',
    'silence',
  ],
  [
    'that time and conditions would turn for as long as they hold',
    lifecycle(
      '{ from: new, to: b, when: features.visits > 1 }',
      '{ from: b, to: c, after: 30d, since: stage }',
      '{ from: c, to: new, when: features.visits > 2 }',
    ),
    '8:5',
    'from `b` to `c` and back for ever',
    'silence',
  ],
  [
    'that a condition closes although it stands before the dwell',
    lifecycle(
      '{ from: b, to: new, when: features.visits > 2 }',
      '{ from: new, to: b, after: 30d, since: stage }',
    ),
    '8:5',
    'from `new` to `b` and back for ever',
    'silence',
  ],
  [
    'that time alone would turn for ever, were its conditions to hold',
    lifecycle(
      '{ from: new, to: b, after: 1d, since: stage, when: features.visits > 1 }',
      '{ from: b, to: c, after: 2d, since: stage }',
      '{ from: c, to: new, after: 2d, since: stage, when: features.visits < 9 }',
    ),
    '9:5',
    'for ever',
    'since: stage',
  ],
  ['whose wait for history is no duration', `historyWait: soon\n${STAGED}`, '1:14', 'Not a duration', '15m'],
]

const BROKEN_RULES: Broken[] = [
  ['that is text', rule('reward'), '6:6', 'must be a map', 'on, when, emit'],
  ['with an unknown key', rule('{ on: view, badge: true, limt: 1 }'), '6:31', 'Unknown key: limt', '`limit`'],
  [
    'with a bad name',
    `${HEAD}rules:\n  my-rule: { on: view, badge: true }\n`,
    '5:3',
    'Not a rule name: my-rule',
    'third_purchase',
  ],
  ['that waits for nothing', rule('{ badge: true }'), '6:3', 'waits for nothing', '`on`'],
  ['that does nothing', rule('{ on: view, limit: 1 }'), '6:3', 'does nothing', 'badge: true'],
  ['that gives no badge', rule('{ on: view, badge: false }'), '6:3', 'does nothing', 'emit'],
  ['on an undeclared action', rule('{ on: [view, buy], badge: true }'), '6:19', 'named buy', 'Declare'],
  ['on nothing', rule('{ on: {}, badge: true }'), '6:12', 'names nothing', 'on: { stage'],
  [
    'on something else',
    rule('{ on: { stages: active }, badge: true }'),
    '6:14',
    'Unknown key: stages',
    '`stage`',
  ],
  [
    'on an unknown stage',
    rule('{ on: { stage: actve }, badge: true }'),
    '6:21',
    'No stage is named actve',
    '`active`',
  ],
  [
    'on a stage nobody enters',
    rule('{ on: { stage: new }, badge: true }'),
    '6:21',
    'No transition leads to `new`',
    'limit: 1',
  ],
  [
    'on a stage without a lifecycle',
    bare('{ on: { stage: active }, badge: true }'),
    '5:14',
    'no lifecycle',
    'Add `lifecycle`',
  ],
  [
    'whose condition asks for the stage without a lifecycle',
    bare('{ on: view, when: \'stage == "a"\', badge: true }'),
    '5:25',
    'no lifecycle',
    'Add `lifecycle`',
  ],
  [
    'whose condition misspells a feature',
    rule('{ on: view, when: features.vists > 1, badge: true }'),
    '6:24',
    'No feature is named vists',
    '`features.visits`',
  ],
  [
    'whose condition asks for a feature there is not',
    rule('{ on: view, when: features.revenue > 1, badge: true }'),
    '6:24',
    'named revenue',
    'Declare',
  ],
  [
    'whose condition takes all features',
    rule('{ on: view, when: size(features) > 1, badge: true }'),
    '6:29',
    'not a value of its own',
    'features.purchases',
  ],
  [
    'whose condition chooses a feature by a value',
    rule('{ on: view, when: "features[action] > 1", badge: true }'),
    '6:25',
    'not a value of its own',
    'Name a feature',
  ],
  [
    'whose condition asks whether there is a feature',
    rule('{ on: view, when: has(features.visits), badge: true }'),
    '6:24',
    '`has` is true of every feature',
    'features.visits != null',
  ],
  [
    'whose condition names a loop after the features',
    rule(`{ on: view, when: "[1].exists(features, features > 0)", badge: true }`),
    '6:36',
    'names something else',
    'loop',
  ],
  [
    'whose condition compares with a stage there is not',
    rule(`{ on: view, when: "stage == 'actve'", badge: true }`),
    '6:34',
    'No stage is named actve',
    '`active`',
  ],
  [
    'whose condition looks for a stage there is not',
    rule(`{ on: view, when: "profile.stage.name in ['new', 'old']", badge: true }`),
    '6:55',
    'No stage is named old',
    'new, active',
  ],
  [
    'whose condition asks for what the profile has not',
    rule('{ on: view, when: profile.stages.name == "new", badge: true }'),
    '6:24',
    'profile has no field `stages`',
    '`stage`',
  ],
  [
    'whose condition asks for what a stage has not',
    rule('{ on: view, when: profile.stage.at > occurredAt, badge: true }'),
    '6:24',
    'profile.stage has no field `at`',
    'name, since',
  ],
  [
    'whose condition is no CEL',
    rule('{ on: view, when: features.visits >, badge: true }'),
    '6:41',
    'CEL: Unexpected token',
    'too early',
  ],
  [
    'whose condition has an unknown variable',
    rule('{ on: view, when: visits > 1, badge: true }'),
    '6:24',
    'Unknown variable: visits',
    'features, stage, profile',
  ],
  [
    'on a stage, whose condition reads the action',
    rule('{ on: { stage: active }, when: channel == "ios", badge: true }'),
    '6:37',
    '`channel` is only there',
    'profile',
  ],
  [
    'with an emit that is text',
    rule('{ on: view, emit: rewards }'),
    '6:24',
    'must be a map',
    'stream, payload',
  ],
  ['that emits to no stream', rule('{ on: view, emit: { payload: 1 } }'), '6:18', 'no `stream`', 'rewards'],
  [
    'that emits to a bad stream name',
    rule('{ on: view, emit: { stream: my.stream } }'),
    '6:34',
    'Not a stream name',
    '`-`',
  ],
  [
    "that emits to the engine's own stream",
    rule('{ on: view, emit: { stream: stages } }'),
    '6:34',
    "the engine's own",
    'another',
  ],
  [
    'that emits to an undeclared stream',
    `${HEAD}streams: { rewards: {} }\nrules: { r: { on: view, emit: { stream: reward } } }\n`,
    '5:41',
    'No declared stream is named reward',
    '`rewards`',
  ],
  [
    'with a limit of nothing',
    rule('{ on: view, badge: true, limit: 0 }'),
    '6:38',
    'whole number',
    'limit: 1',
  ],
  ['with half a limit', rule('{ on: view, badge: true, limit: 1.5 }'), '6:38', 'whole number', 'limit: 1'],
  ['with a limit that is text', rule('{ on: view, badge: true, limit: once }'), '6:38', 'whole', 'times: 3'],
  [
    'with a limit without times',
    rule('{ on: view, badge: true, limit: { per: day } }'),
    '6:31',
    '`times`',
    '3',
  ],
  [
    'with a limit without per',
    rule('{ on: view, badge: true, limit: { times: 2 } }'),
    '6:31',
    '`per`',
    '30d',
  ],
  [
    'with a limit per unknown window',
    rule('{ on: view, badge: true, limit: { times: 2, per: 90s } }'),
    '6:55',
    'Unknown window',
    'limit: 3',
  ],
  [
    'with a limit of too many times per window',
    rule('{ on: view, badge: true, limit: { times: 1001, per: day } }'),
    '6:47',
    'too many',
    '1000',
  ],
  ['with a cooldown of nothing', rule('{ on: view, badge: true, cooldown: 0s }'), '6:41', 'duration', '24h'],
  ['with a badge that is a number', rule('{ on: view, badge: 7 }'), '6:25', 'must be text', 'badge: true'],
  [
    'with a bad badge name',
    rule('{ on: view, badge: "no 1" }'),
    '6:25',
    'Not a badge name',
    'first_purchase',
  ],
]

const BROKEN_PAYLOADS: Broken[] = [
  ['that is empty', payload('~'), '6:41', '`payload` is empty', 'points: 100'],
  ['of text that is a word', payload('{ level: gold }'), '6:59', 'Unknown variable: gold', `"'gold'"`],
  ['of text that is a sentence', payload('{ text: well done you }'), '6:63', 'CEL: Unexpected', `"'gold'"`],
  ['of an unknown feature', payload('{ n: [features.vists] }'), '6:56', 'No feature', '`features.visits`'],
  ['of a duration', payload('{ t: occurredAt - occurredAt }'), '6:55', 'a payload can take', 'getSeconds'],
  ['with no number', payload('{ n: .nan }'), '6:55', 'no form in JSON', 'finite'],
  ['with a reserved name', payload('{ __proto__: 1 }'), '6:52', 'Reserved name', 'another'],
  ['that is too large', payload(`[${Array(101).fill('1').join(', ')}]`), '6:41', 'too large', '100 values'],
  ['that is too deep', payload(`${'['.repeat(18)}1${']'.repeat(18)}`), '6:41', 'too deeply', '16 levels'],
  ['that holds itself', payload('&p [*p, *p]'), '6:41', 'too deeply', '16 levels'],
]

const BROKEN_STREAMS: Broken[] = [
  ['that are a list', `${HEAD}streams: [rewards]\n`, '4:10', 'must be a map', '{}'],
  ['with a bad name', `${HEAD}streams: { 1st: {} }\n`, '4:12', 'Not a stream name: 1st', 'rewards'],
  ["with the engine's name", `${HEAD}streams: { actions: {} }\n`, '4:12', "the engine's own", 'another'],
  [
    'with unknown keys',
    `${HEAD}streams: { a: { descripton: x } }\n`,
    '4:17',
    'Unknown key: descripton',
    '`description`',
  ],
  [
    'described by a number',
    `${HEAD}streams: { a: { description: 7 } }\n`,
    '4:30',
    'must be text',
    'description:',
  ],
]

describe.each([
  ['a lifecycle', BROKEN_LIFECYCLES],
  ['a rule', BROKEN_RULES],
  ['a payload', BROKEN_PAYLOADS],
  ['streams', BROKEN_STREAMS],
])('%s is refused with line, column, message and hint', (_section, cases) => {
  test.each(cases)('%s', (_name, text, place, message, hint) => {
    const problems = problemsOf(text)
    expect(problems.map(({ line, column }) => `${line}:${column}`)).toEqual([place])
    expect(problems[0]?.message).toContain(message)
    expect(problems[0]?.hint).toContain(hint)
  })
})

it('stages that are only reached from each other are reported each', () => {
  const text = lifecycle(FORWARD, '{ from: x, to: y, on: view }', '{ from: y, to: x, on: view }')
  expect(problemsOf(text).map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    '8:13 No user can reach the stage `x`',
    '8:20 No user can reach the stage `y`',
  ])
})

it('every mistake of every section is reported at once, with its path', () => {
  const text = `version: 1
features:
  spend: { aggregate: total, of: properties.price }
lifecycle:
  initial: new
  transitions:
    - { from: new, to: active }
    - { from: new, to: very active, on: view }
rules:
  a: { on: { stage: activ }, emit: { stream: actions, payload: { x: y } }, limit: -1 }
  b: { when: features.spend > 1 && features.sped > 2, badge: true }
`
  expect(problemsOf(text).map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
    '3:23 features.spend.aggregate',
    '7:7 lifecycle.transitions.0',
    '8:24 lifecycle.transitions.1.to',
    '10:21 rules.a.on.stage',
    '10:46 rules.a.emit.stream',
    '10:69 rules.a.emit.payload.x',
    '10:83 rules.a.limit',
    '11:36 rules.b.when',
  ])
})

describe('a condition without `on` watches 1500 tiles of a window at most:', () => {
  const windowed = (window: string, reaction: string) => `version: 1
features: { visits: { aggregate: count }, recent: { aggregate: count, window: ${window} } }
${reaction}
`
  const WHEN = 'when: features.visits > 1 && features.recent > 1'
  const moved = (cause: string) =>
    `lifecycle: { initial: a, transitions: [{ from: a, to: b, ${cause} ${WHEN} }] }`

  test.each([
    ['a rule', '1501m', `rules: { r: { ${WHEN}, badge: true } }`, '3:21', '`25h` instead of `1500m`'],
    ['a transition', '20000m', moved(''), '3:65', 'At most 1500m'],
    ['a transition after a silence', '1501h', moved('after: 1d,'), '3:75', '`50d` instead of `1200h`'],
    ['a transition after a dwell', '1501m', moved('after: 1d, since: stage,'), '3:89', '25h'],
  ])('%s', (_what, window, reaction, place, hint) => {
    const problems = problemsOf(windowed(window, reaction))
    expect(problems.map(({ line, column }) => `${line}:${column}`)).toEqual([place])
    expect(problems[0]!.message).toContain(`\`features.recent\` looks back ${window}`)
    expect(problems[0]!.hint).toContain(hint)
  })

  test.each([
    ['that many are enough', '1500m', `rules: { r: { ${WHEN}, badge: true } }`],
    ['days are never too many', '800d', moved('')],
    ['an action may read more', '20000m', `rules: { r: { on: view, ${WHEN}, badge: true } }`],
    ['so may a transition at an action', '20000m', moved('on: view,')],
    [
      'a payload too',
      '20000m',
      'rules: { r: { when: features.visits > 1, emit: { stream: s, payload: features.recent } } }',
    ],
  ])('%s', (_what, window, reaction) => {
    expect(problemsOf(windowed(window, reaction))).toEqual([])
  })
})

describe('a document that asks for too much is refused:', () => {
  const many = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => line(index)).join('\n')
  const rules = (count: number) =>
    `${HEAD}rules:\n${many(count, (i) => `  r${i}: { on: view, badge: true }`)}\n`
  const stages = (count: number) =>
    `${HEAD}lifecycle:\n  initial: s0\n  transitions:\n${many(count - 1, (i) => `    - { from: s0, to: s${i + 1}, on: view }`)}\n`
  const transitions = (count: number) =>
    `${HEAD}lifecycle:\n  initial: a\n  transitions:\n${many(count, () => '    - { from: a, to: b, on: view }')}\n`
  const streams = (count: number) => `${HEAD}streams:\n${many(count, (i) => `  s${i}: {}`)}\n`

  test.each([
    ['201 rules', rules(201), rules(200)],
    ['51 stages', stages(51), stages(50)],
    ['201 transitions', transitions(201), transitions(200)],
    ['201 streams', streams(201), streams(200)],
  ])('%s', (message, tooMany, enough) => {
    expect(problemsOf(tooMany).map((problem) => problem.message)).toEqual([expect.stringContaining(message)])
    expect(problemsOf(enough)).toEqual([])
  })

  it('and a bomb of aliases in a payload costs nothing', () => {
    const layers = Array.from(
      { length: 9 },
      (_, i) => `b${i + 1}: &b${i + 1} [${Array(10).fill(`*b${i}`).join(', ')}]`,
    )
    const text = `b0: &b0 [1]\n${layers.join('\n')}\n${payload('*b9')}`
    expect(problemsOf(text).map(({ message }) => message)).toContain('The payload is too large')
  })
})

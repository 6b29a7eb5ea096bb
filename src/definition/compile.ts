// Compiles the definition document: one YAML text in, the definition out, or everything that is
// wrong with it.
import { isScalar } from 'yaml'
import type { Series } from '../features/series.ts'
import { createCalendar } from '../model/calendar.ts'
import { nearest } from '../model/suggest.ts'
import type { TileUnit } from '../model/window.ts'
import type { Definition } from './definition.ts'
import { parseSource } from './document/document.ts'
import { type Field, Fields } from './document/fields.ts'
import type { Problem } from './document/problems.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type DeclaredActions, readActions } from './sections/actions-section.ts'
import { Expressions } from './sections/expression-fields.ts'
import { type ReadFeatures, readFeatures } from './sections/features/features-section.ts'
import { type LifecycleAndRules, readLifecycleAndRules } from './sections/lifecycle-and-rules.ts'
import { readTests } from './sections/tests-section.ts'
import { shareSeries } from './share-series.ts'
import type { Story } from './story.ts'
import { triggersByAction } from './triggers-by-action.ts'

export type { Problem } from './document/problems.ts'

const KEYS = [
  'version',
  'timezone',
  'latenessLimit',
  'futureLimit',
  'idempotencyWindow',
  'historyWait',
  'actions',
  'features',
  'lifecycle',
  'rules',
  'streams',
  'tests',
]
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Compiles a definition. Never throws for what the text says; `problems` are in the order of the
 * document.
 */
export function compileDefinition(text: string): { definition: Definition } | { problems: Problem[] } {
  const { document, problems } = parseSource(text)
  // After a syntax error the tree is a guess. Further problems found in it would mislead.
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { problems: problems.list() }
  const fields = new Fields(document, problems)
  const top =
    problems.any && !document.contents ? undefined : fields.map(document.contents ?? undefined, '', 0, KEYS)
  if (!top) return { problems: problems.list() }
  checkVersion(fields, top.get('version'))
  const timezone = readTimezone(fields, top.get('timezone'))
  const limits = {
    latenessLimitMs: fields.duration(top.get('latenessLimit'), 400 * DAY_MS),
    futureLimitMs: fields.duration(top.get('futureLimit'), HOUR_MS),
    idempotencyWindowMs: fields.duration(top.get('idempotencyWindow'), DAY_MS),
    historyWaitMs: fields.duration(top.get('historyWait'), HOUR_MS),
  }
  const declared = readActions(fields, top.get('actions'))
  const features = readFeatures(fields, top.get('features'), declared, new Expressions(fields, text))
  const reactive = readLifecycleAndRules(fields, top, text, declared, features)
  const tests = readTests(fields, top.get('tests'), {
    features: features.order,
    stages: reactive.lifecycle?.stages ?? [],
    rules: reactive.rules.map(({ name }) => name),
  })
  if (problems.any) return { problems: problems.list() }
  return { definition: { ...assemble(timezone, limits, declared, features, reactive), tests } }
}

type Durations = Pick<
  Definition,
  'latenessLimitMs' | 'futureLimitMs' | 'idempotencyWindowMs' | 'historyWaitMs'
>

/**
 * Compiles a file of tests for a definition: `tests:` and nothing else. Never throws for what the
 * text says.
 */
export function compileTests(
  text: string,
  { featureByName, lifecycle, rules }: Definition,
): { tests: Story[] } | { problems: Problem[] } {
  const { document, problems } = parseSource(text)
  const fields = new Fields(document, problems)
  const top = problems.any ? undefined : fields.map(document.contents ?? undefined, '', 0, ['tests'])
  const tests = readTests(fields, top?.get('tests'), {
    features: [...featureByName.keys()],
    stages: lifecycle?.stages ?? [],
    rules: rules.map(({ name }) => name),
  })
  return problems.any ? { problems: problems.list() } : { tests }
}

function assemble(
  timezone: string,
  limits: Durations,
  declared: DeclaredActions,
  { drafts, order }: ReadFeatures,
  reactive: LifecycleAndRules,
): Omit<Definition, 'tests'> {
  const calendar = createCalendar(timezone)
  const { features, series, retention } = shareSeries(drafts, calendar)
  // Sorted, so that the stored state stays valid if you move lines around in the document.
  const actionNames = [...declared.actions.keys()].sort()
  const places = new Map(actionNames.map((name, place) => [name, place]))
  return {
    timezone,
    calendar,
    ...limits,
    ...declared,
    actionNames,
    placeOfAction: (name) => places.get(name) ?? -1,
    features,
    featureByName: inOrder([...features, ...reactive.derived], order),
    series,
    seriesOf: routes(series),
    ...reactive,
    triggersOf: triggersByAction({ features, series, ...reactive }),
    fingerprint: fingerprintOf({
      timezone,
      ...limits,
      ...reactive,
      features,
      series: series.map(({ key }, index) => ({ key, retention: retention[index]! })),
      actions: actionNames,
    }),
  }
}

function inOrder<Named extends { name: string }>(
  features: readonly Named[],
  order: readonly string[],
): Map<string, Named> {
  const byName = new Map(features.map((feature) => [feature.name, feature]))
  return new Map(order.map((name) => [name, byName.get(name)!]))
}

/**
 * Series by action name. Names that no series asks for share one list, so that names sent by
 * clients take no memory.
 */
function routes(series: readonly Series[]): Definition['seriesOf'] {
  const touched = (name: string | undefined) => {
    const groups = new Map<TileUnit, number[]>()
    for (const [index, { actions, unit }] of series.entries()) {
      if (actions && (name === undefined || !actions.has(name))) continue
      groups.set(unit, [...(groups.get(unit) ?? []), index])
    }
    return [...groups].map(([unit, indexes]) => ({ unit, indexes }))
  }
  const named = new Set(series.flatMap(({ actions }) => [...(actions ?? [])]))
  const byName = new Map([...named].map((name) => [name, touched(name)]))
  const others = touched(undefined)
  return (name) => byName.get(name) ?? others
}

function checkVersion(fields: Fields, field: Field | undefined): void {
  const hint = 'Write `version: 1`.'
  if (!field) {
    fields.problems.add(0, 'version', '`version` is missing', hint)
  } else if (!isScalar(field.value) || field.value.value !== 1) {
    fields.problems.add(
      field.value ?? field.key,
      'version',
      'This version of the definition is not known',
      hint,
    )
  }
}

function readTimezone(fields: Fields, field: Field | undefined): string {
  const text = field && fields.text(field, 'Use an IANA name: `timezone: Europe/London`.')
  if (!text) return 'UTC'
  try {
    return createCalendar(text.value).timezone
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const near = nearest(text.value, Intl.supportedValuesOf('timeZone'))
    const hint = near
      ? `Did you mean \`${near}\`?`
      : 'Use an IANA name, for example `Europe/London` or `UTC`.'
    fields.problems.add(text, 'timezone', `Unknown time zone: ${text.value}`, hint)
    return 'UTC'
  }
}

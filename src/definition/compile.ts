// Compiles the definition document: one YAML text in, the definition out, or everything that is wrong with it.
import { isScalar } from 'yaml'
import { createCalendar } from '../model/calendar.ts'
import { type DeclaredActions, readActions } from './actions-section.ts'
import type { Definition } from './definition.ts'
import { parseSource } from './document.ts'
import { Expressions } from './expressions.ts'
import { type FeatureDraft, readFeatures } from './feature-drafts.ts'
import { type Field, Fields } from './fields.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Problem } from './problems.ts'
import { shareSeries } from './share-series.ts'
import { nearest } from './suggest.ts'

export type { Problem } from './problems.ts'

const NOT_YET = ['lifecycle', 'rules', 'streams']
const KEYS = [
  'version',
  'timezone',
  'latenessLimit',
  'futureLimit',
  'idempotencyWindow',
  'actions',
  'features',
  ...NOT_YET,
]
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Compiles a definition. Never throws for what the text says; `problems` are in the order of the document. */
export function compileDefinition(text: string): { definition: Definition } | { problems: Problem[] } {
  const { document, problems } = parseSource(text)
  // After a syntax error the tree is a guess, and what it seems to say would only mislead.
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { problems: problems.list() }
  const fields = new Fields(document, problems)
  const top =
    problems.any && !document.contents ? undefined : fields.map(document.contents ?? undefined, '', 0, KEYS)
  if (!top) return { problems: problems.list() }
  checkVersion(fields, top.get('version'))
  refuseUnsupported(fields, top)
  const timezone = readTimezone(fields, top.get('timezone'))
  const limits = {
    latenessLimitMs: fields.duration(top.get('latenessLimit'), 400 * DAY_MS),
    futureLimitMs: fields.duration(top.get('futureLimit'), HOUR_MS),
    idempotencyWindowMs: fields.duration(top.get('idempotencyWindow'), DAY_MS),
  }
  const declared = readActions(fields, top.get('actions'))
  const drafts = readFeatures(fields, top.get('features'), declared, new Expressions(fields, text))
  if (problems.any) return { problems: problems.list() }
  return { definition: assemble(timezone, limits, declared, drafts) }
}

type DurationLimits = Pick<Definition, 'latenessLimitMs' | 'futureLimitMs' | 'idempotencyWindowMs'>

function assemble(
  timezone: string,
  limits: DurationLimits,
  declared: DeclaredActions,
  drafts: FeatureDraft[],
): Definition {
  const calendar = createCalendar(timezone)
  const { features, series, retention } = shareSeries(drafts, calendar)
  // Sorted, so that moving lines around in the document leaves the stored state valid.
  const actionNames = [...declared.actions.keys()].sort()
  return {
    timezone,
    calendar,
    ...limits,
    ...declared,
    actionNames,
    features,
    featureByName: new Map(features.map((feature) => [feature.name, feature])),
    series,
    seriesOf: routes(series.map(({ actions }) => actions)),
    lifecycle: undefined,
    rules: [],
    streams: new Set(['actions']),
    reactionsTo: () => ({ rules: [], conditions: [], moves: false, touchesGuards: false }),
    historyWaitMs: HOUR_MS,
    fingerprint: fingerprintOf({
      timezone,
      ...limits,
      series: series.map(({ key }, index) => ({ key, retention: retention[index]! })),
      actions: actionNames,
    }),
  }
}

/** Series by action name. Names no series asks for share one list, so that clients' names take no memory. */
function routes(actionsOf: (ReadonlySet<string> | undefined)[]): (name: string) => readonly number[] {
  const indexes = (name: string | undefined) =>
    actionsOf.flatMap((actions, index) =>
      !actions || (name !== undefined && actions.has(name)) ? [index] : [],
    )
  const named = new Set(actionsOf.flatMap((actions) => [...(actions ?? [])]))
  const byName = new Map([...named].map((name) => [name, indexes(name)]))
  const others = indexes(undefined)
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

/** Refused rather than ignored: a rule that never fires would look like one that has nothing to do. */
function refuseUnsupported(fields: Fields, top: Map<string, Field>): void {
  for (const name of NOT_YET) {
    const field = top.get(name)
    const hint = `Remove \`${name}\`; the next release brings it.`
    if (field) fields.problems.add(field.key, name, `This release does not support \`${name}\` yet`, hint)
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

// The `lifecycle` section: the stages and what moves a user from one to the next.
import type { Lifecycle } from '../../lifecycle/lifecycle.ts'
import { BOUNDS } from '../bounds.ts'
import type { Field, Fields } from '../document/fields.ts'
import type { DeclaredActions } from './actions-section.ts'
import type { Conditions } from './condition-fields.ts'
import { checkDwellCircles, checkReachable, checkSomeFrom } from './lifecycle-graph.ts'
import { Stages } from './stages.ts'
import { readCauses } from './transition-causes.ts'

const TRANSITION_KEYS = ['from', 'to', 'on', 'when', 'after', 'since']
const EXAMPLE = 'For example `- { from: new, to: active, on: purchase }`.'

/** A transition with its stages read. */
export interface TransitionDraft {
  field: Field
  parts: Map<string, Field>
  /** 'any': every stage but `to`. */
  from: readonly number[] | 'any'
  to: number
}

/** The section after its stages are read. `when` can only be checked when all stages are known. */
export interface LifecycleDraft {
  stages: Stages
  transitions: TransitionDraft[]
  /** False if a mistake left a stage or a transition out. */
  complete: boolean
}

export function readStages(fields: Fields, section: Field | undefined): LifecycleDraft | undefined {
  if (!section) return undefined
  const stages = new Stages(fields)
  const draft: LifecycleDraft = { stages, transitions: [], complete: false }
  const parts = fields.map(section.value, section.path, section.key, ['initial', 'transitions'])
  if (!parts) return draft
  const initial = parts.get('initial')
  const begins = initial && stages.one(initial) !== undefined
  if (!initial) missing(fields, section, 'initial', 'Name the stage where every user begins: `initial: new`.')
  const list = parts.get('transitions')
  if (!list) missing(fields, section, 'transitions', `List them: ${EXAMPLE}`)
  const items = (list && fields.list(list, EXAMPLE)) ?? []
  if (items.length > BOUNDS.transitionsMax) {
    const hint = `At most ${BOUNDS.transitionsMax} are allowed.`
    fields.problems.add(list!.key, list!.path, `${items.length} transitions are listed`, hint)
  }
  for (const item of items.slice(0, BOUNDS.transitionsMax)) {
    const transition = readEnds(fields, item, stages)
    if (transition) draft.transitions.push(transition)
  }
  draft.complete = begins === true && draft.transitions.length === items.length
  if (stages.names.length > BOUNDS.stagesMax) {
    const hint = `At most ${BOUNDS.stagesMax} are allowed.`
    fields.problems.add(section.key, section.path, `${stages.names.length} stages are named`, hint)
  }
  return draft
}

function readEnds(fields: Fields, field: Field, stages: Stages): TransitionDraft | undefined {
  const parts = fields.map(field.value, field.path, field.key, TRANSITION_KEYS)
  if (!parts) return undefined
  for (const name of ['from', 'to']) {
    if (!parts.has(name)) missing(fields, field, name, EXAMPLE)
  }
  const from = parts.has('from') ? stages.several(parts.get('from')!) : undefined
  const to = parts.has('to') ? stages.one(parts.get('to')!) : undefined
  if (from === undefined || to === undefined) return undefined
  if (from !== 'any' && from.includes(to)) {
    const hint = 'Remove it from `from`: a user who stays in a stage changes nothing.'
    const message = `A transition from \`${stages.names[to]}\` to itself`
    fields.problems.add(parts.get('from')!.value, `${field.path}.from`, message, hint)
  }
  return { field, parts, from, to }
}

export function readLifecycle(
  fields: Fields,
  { stages, transitions, complete }: LifecycleDraft,
  declared: DeclaredActions,
  conditions: Conditions,
): Lifecycle {
  const places = stages.names.map((_name, place) => place)
  const read = transitions.map((draft) => ({
    field: draft.field,
    from: new Set(draft.from === 'any' ? places.filter((place) => place !== draft.to) : draft.from),
    to: draft.to,
    ...readCauses(fields, draft, declared, conditions),
  }))
  if (complete) {
    checkSomeFrom(fields, stages, read)
    checkReachable(fields, stages, read)
  }
  checkDwellCircles(fields, stages, read)
  return { stages: stages.names, transitions: read.map(({ field: _, ...transition }) => transition) }
}

function missing(fields: Fields, { key, path, name }: Field, part: string, hint: string): void {
  const owner = path.startsWith('lifecycle.') ? `The transition ${Number(name) + 1}` : 'The lifecycle'
  fields.problems.add(key, path, `${owner} has no \`${part}\``, hint)
}

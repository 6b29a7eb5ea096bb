// Features that are made of others: their expressions, and what each is made of in the end.
import { ConditionCompiler, type KnownFeature } from '../../../expressions/expressions.ts'
import type { DerivedFeature } from '../../definition.ts'
import type { Field, Fields } from '../../document/fields.ts'
import { placeIn } from '../expression-fields.ts'

export interface DerivedDraft {
  name: string
  /** The field `derived`. */
  field: Field
  declared: Record<string, unknown>
}

/** What it reads itself: places among all features, the derived ones behind the others. */
type Compiled = Pick<DerivedFeature, 'formula' | 'evaluate'> & { reads: readonly number[] }

const EXAMPLE = 'For example `derived: "features.spend / features.purchases"`.'

/**
 * Mistakes are reported; then what is given is of no use.
 * @param known all features: first those that are counted, then the derived ones in their order
 */
export function compileDerived(
  fields: Fields,
  text: string,
  known: readonly KnownFeature[],
  drafts: readonly DerivedDraft[],
): DerivedFeature[] {
  const compiler = new ConditionCompiler(known, undefined)
  const counted = known.length - drafts.length
  const compiled = drafts.map((draft) => compile(fields, text, compiler, draft))
  return drafts.map((draft, place) => {
    const derived = new Set<number>()
    const features = new Set<number>()
    const follow = (from: number) => {
      for (const read of compiled[from]?.reads ?? []) {
        if (read < counted) features.add(read)
        else if (!derived.has(read - counted)) {
          derived.add(read - counted)
          follow(read - counted)
        }
      }
    }
    follow(place)
    if (derived.has(place)) reportCircle(fields, draft)
    const { formula = '', evaluate = () => null } = compiled[place] ?? {}
    const { name, declared } = draft
    return { name, declared, formula, evaluate, features: [...features], derived: [...derived] }
  })
}

function compile(
  fields: Fields,
  text: string,
  compiler: ConditionCompiler,
  { field }: DerivedDraft,
): Compiled | undefined {
  const scalar = fields.text(field, EXAMPLE)
  if (!scalar) return undefined
  const formula = scalar.value.trim()
  const made = compiler.value(formula, 'derived')
  if (!('problems' in made)) return { formula, evaluate: made.evaluate, reads: made.features }
  for (const { offset, message, hint } of made.problems) {
    fields.problems.add(placeIn(text, scalar, offset), field.path, message, hint)
  }
  return undefined
}

function reportCircle(fields: Fields, { name, field }: DerivedDraft): void {
  const hint = 'Features that are made of each other have no value. Remove one of the references.'
  fields.problems.add(field.value ?? field.key, field.path, `\`${name}\` is made of itself`, hint)
}

// Checks how an expression uses `features`, `stage` and `profile`, and finds what it reads of them.
import type { ASTNode } from '@marcbachmann/cel-js'
import { nearest, suggest } from '../../model/suggest.ts'
import { type CelProblem, childrenOf } from '../cel-check.ts'
import { featureOf, fieldOf } from './user-required.ts'

/** What an expression reads of the user. */
export interface Reads {
  /** Names of features. */
  features: Set<string>
  stage: boolean
}

/** What expressions may name. */
export interface Known {
  features: readonly string[]
  /** Undefined if the document has no lifecycle. */
  stages: readonly string[] | undefined
}

const OWN_NAMES = ['features', 'stage', 'profile']
const PROFILE = { profile: ['userId', 'stage', 'badges'], stage: ['name', 'since'] }

/**
 * Adds to `reads` what the tree reads, and returns its mistakes. Must run before the library's type
 * check.
 */
export function checkUser(root: ASTNode, known: Known, reads: Reads): CelProblem[] {
  const problems: CelProblem[] = []
  visit(root)
  return problems

  function refuse({ start }: ASTNode, message: string, hint: string): void {
    problems.push({ offset: start, message, hint })
  }

  function visit(node: ASTNode): void {
    if (node.op === 'id') visitName(node)
    if (node.op === 'rcall' && shadows(node)) return
    if (node.op === 'call' && node.args[0] === 'has') checkHas(node)
    if (node.op === '==' || node.op === '!=') checkStageNames(node.args)
    if (node.op === 'in') checkStagesIn(node.args)
    const feature = featureOf(node)
    if (feature !== undefined) {
      visitFeature(node, feature)
    } else {
      const key = fieldOf(node)
      if (key) checkProfileField(node, key.of, key.name)
      for (const child of childrenOf(node)) visit(child)
    }
  }

  function visitName(node: Extract<ASTNode, { op: 'id' }>): void {
    const name = node.args
    if (name === 'features') refuse(node, ...WHOLE_FEATURES)
    if (name === 'stage' || name === 'profile') reads.stage = true
    if (name === 'stage' && !known.stages) refuse(node, ...NO_LIFECYCLE)
  }

  function visitFeature(node: ASTNode, name: string): void {
    reads.features.add(name)
    if (known.features.includes(name)) return
    const near = nearest(name, known.features)
    const hint = near ? `Did you mean \`features.${near}\`?` : 'Declare it under `features`.'
    refuse(node, `No feature is named ${name}`, hint)
  }

  /** A feature without a value is null, and `has` would be true for it. */
  function checkHas(node: Extract<ASTNode, { op: 'call' }>): void {
    const feature = node.args[1][0] && featureOf(node.args[1][0])
    if (feature === undefined) return
    refuse(node, '`has` is true of every feature', `Write \`features.${feature} != null\`.`)
  }

  /**
   * Reports a loop whose variable hides one of ours: nobody could tell what the loop then reads.
   */
  function shadows(node: Extract<ASTNode, { op: 'rcall' }>): boolean {
    const variable = node.args[2][0]
    if (variable?.op !== 'id' || node.args[2].length < 2 || !OWN_NAMES.includes(variable.args)) return false
    refuse(variable, `\`${variable.args}\` names something else here`, 'Choose another name for the loop.')
    return true
  }

  function checkProfileField(node: ASTNode, of: ASTNode, name: string): void {
    const inner = fieldOf(of)
    const stage = inner?.name === 'stage' && isName(inner.of, 'profile')
    const allowed = stage ? PROFILE.stage : isName(of, 'profile') ? PROFILE.profile : undefined
    if (!allowed || allowed.includes(name)) return
    refuse(node, `${stage ? 'profile.stage' : 'profile'} has no field \`${name}\``, suggest(name, allowed))
  }

  function checkStageNames([left, right]: readonly [ASTNode, ASTNode]): void {
    if (isStage(left)) checkStageName(right)
    if (isStage(right)) checkStageName(left)
  }

  function checkStagesIn([left, right]: readonly [ASTNode, ASTNode]): void {
    if (isStage(left) && right.op === 'list') for (const item of right.args) checkStageName(item)
  }

  /** A misspelt stage would never be equal. */
  function checkStageName(node: ASTNode): void {
    if (node.op !== 'value' || typeof node.args !== 'string') return
    if (!known.stages || known.stages.includes(node.args)) return
    refuse(node, `No stage is named ${node.args}`, suggest(node.args, known.stages))
  }
}

/** `stage` and `profile.stage.name`. */
function isStage(node: ASTNode): boolean {
  const name = fieldOf(node)
  const stage = name?.name === 'name' ? fieldOf(name.of) : undefined
  return isName(node, 'stage') || (stage?.name === 'stage' && isName(stage.of, 'profile'))
}

const WHOLE_FEATURES = [
  '`features` is not a value of its own',
  'Name a feature: `features.purchases`.',
] as const
const NO_LIFECYCLE = ['The definition has no lifecycle, so there is no stage', 'Add `lifecycle`.'] as const

function isName(node: ASTNode, name: string): boolean {
  return node.op === 'id' && node.args === name
}

// Which features a condition or payload needs. Null has no order and no sum, and a check beforehand
// is much cheaper than an exception.
import type { ASTNode } from '@marcbachmann/cel-js'
import { childrenOf } from '../cel-check.ts'

const NEED_VALUES = new Set(['<', '<=', '>', '>=', '+', '-', '*', '/', '%', '-_'])

/**
 * Names of features without which the expression has no value. For a condition, both sides of `&&`
 * count: if one has no value, the condition is not true.
 */
export function requiredFeatures(node: ASTNode, condition: boolean): string[] {
  switch (node.op) {
    case '||':
      return []
    case '&&':
      return condition ? node.args.flatMap((side) => requiredFeatures(side, true)) : []
    case '?:':
      return requiredFeatures(node.args[0], false)
    case 'rcall':
      // A loop may never evaluate its arguments.
      return neededBy([node.args[1]])
    default:
      return NEED_VALUES.has(node.op)
        ? neededBy(childrenOf(node))
        : childrenOf(node).flatMap((child) => requiredFeatures(child, false))
  }
}

function neededBy(operands: readonly ASTNode[]): string[] {
  return operands.flatMap((operand) => featureOf(operand) ?? requiredFeatures(operand, false))
}

/** `x` of `features.x` and `features["x"]`. */
export function featureOf(node: ASTNode): string | undefined {
  const field = fieldOf(node)
  return field?.of.op === 'id' && field.of.args === 'features' ? field.name : undefined
}

/** `a.b` and `a["b"]` as `b` of `a`. */
export function fieldOf(node: ASTNode): { of: ASTNode; name: string } | undefined {
  if (node.op === '.') return { of: node.args[0], name: node.args[1] }
  if (node.op !== '[]') return undefined
  const [of, key] = node.args
  return key.op === 'value' && typeof key.args === 'string' ? { of, name: key.args } : undefined
}

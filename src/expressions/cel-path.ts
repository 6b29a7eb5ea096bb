// Paths such as `properties.price`. Most expressions are only a path, and are read without the
// library. It also finds the paths that an expression needs, so that an action that lacks one costs
// no exception.
import type { ASTNode } from '@marcbachmann/cel-js'
import type { Action } from '../model/action.ts'
import { childrenOf } from './cel-check.ts'
import { userIdOf, VARIABLES, type Variable } from './cel-context.ts'

export type Accessor = (action: Action) => unknown

/** `['properties', 'price']`; undefined if the expression is more than a path. */
export function pathOf(node: ASTNode): string[] | undefined {
  if (node.op === 'id') return (VARIABLES as readonly string[]).includes(node.args) ? [node.args] : undefined
  const key = keyOf(node)
  if (key === undefined || (node.op !== '.' && node.op !== '[]')) return undefined
  const parent = pathOf(node.args[0])
  return parent && [...parent, key]
}

function keyOf(node: ASTNode): string | undefined {
  if (node.op === '.') return node.args[1]
  if (node.op !== '[]' || node.args[1].op !== 'value') return undefined
  return typeof node.args[1].args === 'string' ? node.args[1].args : undefined
}

const ROOTS: Record<Variable, Accessor> = {
  action: (action) => action.action,
  properties: (action) => action.properties,
  object: (action) => action.object,
  occurredAt: (action) => action.occurredAt,
  channel: (action) => action.channel,
  place: (action) => action.place,
  userId: userIdOf,
}

/** Reads a path from an action; undefined if a step is missing. Own properties only. */
export function accessorOf(path: readonly string[]): Accessor {
  const root = ROOTS[path[0] as Variable]
  const [key, ...deeper] = path.slice(1)
  if (key === undefined) return root
  if (deeper.length === 0) return (action) => ownOf(root(action), key)
  return (action) => deeper.reduce(ownOf, ownOf(root(action), key))
}

/** One accessor for each different path. */
export function accessorsOf(paths: readonly string[][]): Accessor[] {
  const different = new Map(paths.map((path) => [JSON.stringify(path), path]))
  return [...different.values()].map(accessorOf)
}

function ownOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

/**
 * Paths without which the expression has no value. For a condition, both sides of `&&` count: if
 * one has no value, the condition is not true.
 */
export function requiredPaths(node: ASTNode, condition: boolean): string[][] {
  const path = pathOf(node)
  // If a whole variable is missing, it is null, and null is a value to compare with.
  if (path) return path.length > 1 ? [path] : []
  switch (node.op) {
    case '||':
      return []
    case '&&':
      return condition ? node.args.flatMap((side) => requiredPaths(side, true)) : []
    case '?:':
      return requiredPaths(node.args[0], false)
    case 'call':
      return node.args[0] === 'has' ? [] : node.args[1].flatMap((arg) => requiredPaths(arg, false))
    case 'rcall':
      // Loops give their arguments other variables.
      return requiredPaths(node.args[1], false)
    default:
      return childrenOf(node).flatMap((child) => requiredPaths(child, false))
  }
}

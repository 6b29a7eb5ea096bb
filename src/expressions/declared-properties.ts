// Checks an expression against the declared types of an action's properties. What it finds would
// never be an error when an action comes, and never count: a name that is nearly a declared one, and
// a comparison of two types.
import type { ASTNode } from '@marcbachmann/cel-js'
import { nearest } from '../model/suggest.ts'
import { type CelProblem, childrenOf } from './cel-check.ts'
import { createEnvironment } from './cel-environment.ts'
import { pathOf } from './cel-path.ts'

/** The kind of each property by name; `any` if nothing is sure. */
export type DeclaredProperties = ReadonlyMap<string, string>

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=']
/** What stands in an expression for a value of a declared kind. */
const WRITTEN: Record<string, string> = {
  string: 'text',
  number: 'a number',
  integer: 'a number',
  boolean: 'true or false',
  timestamp: 'text',
  list: 'a list',
  map: 'a map',
}

const environment = createEnvironment()
  .registerVariable('features', 'map')
  .registerVariable('stage', 'string')
  .registerVariable('profile', 'map')

/** @param source an expression without other mistakes */
export function misusedProperties(source: string, declared: DeclaredProperties): CelProblem[] {
  const problems: CelProblem[] = []
  visit(environment.parse(source).ast)
  return problems

  function visit(node: ASTNode): void {
    const property = propertyOf(node)
    if (property !== undefined) checkName(node, property)
    else for (const child of childrenOf(node)) visit(child)
    if (COMPARISONS.includes(node.op)) {
      const [left, right] = node.args as [ASTNode, ASTNode]
      compare(left, right)
      compare(right, left)
    }
  }

  function checkName({ start }: ASTNode, property: string): void {
    if (declared.has(property)) return
    const near = nearest(property, declared.keys())
    if (near === undefined) return
    const hint = `Did you mean \`properties.${near}\`? If not, declare \`${property}\` with its type.`
    problems.push({ offset: start, message: `No property \`${property}\` is declared`, hint })
  }

  function compare(path: ASTNode, literal: ASTNode): void {
    const property = propertyOf(path)
    const expected = property === undefined ? undefined : WRITTEN[declared.get(property) ?? 'any']
    const given = writtenAs(literal)
    if (expected === undefined || given === undefined || expected === given) return
    const message = `\`properties.${property}\` is declared as ${declared.get(property!)}, and is compared with ${given}`
    problems.push({ offset: literal.start, message, hint: `Compare it with ${expected}.` })
  }
}

/** The declared kind of what the expression gives, if it is only a property. */
export function kindOf(source: string, declared: DeclaredProperties): string | undefined {
  const property = propertyOf(environment.parse(source).ast)
  return property === undefined ? undefined : declared.get(property)
}

/** `price` of `properties.price`. */
function propertyOf(node: ASTNode): string | undefined {
  const path = pathOf(node)
  return path?.[0] === 'properties' && path.length === 2 ? path[1] : undefined
}

function writtenAs(node: ASTNode): string | undefined {
  if (node.op === 'list') return 'a list'
  if (node.op === 'map') return 'a map'
  if (node.op !== 'value') return undefined
  switch (typeof node.args) {
    case 'string':
      return 'text'
    case 'number':
    case 'bigint':
      return 'a number'
    case 'boolean':
      return 'true or false'
    default:
      return undefined
  }
}

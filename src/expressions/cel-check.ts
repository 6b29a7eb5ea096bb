// Checks of an expression's syntax tree that the library does not make. It refuses names that
// features cannot see and whatever could take unbounded time. It redirects calls whose result would
// depend on the machine.
import type { ASTNode } from '@marcbachmann/cel-js'
import { parseInstant } from '../model/instant.ts'
import { nearest } from '../model/suggest.ts'
import { isZone, ZONED_PARTS } from './cel-time.ts'

/** A mistake in an expression; `offset` counts UTF-16 units from its start. */
export interface CelProblem {
  offset: number
  message: string
  hint: string
}

/** What an expression sees. */
export interface Scope {
  readonly variables: readonly string[]
  /** Why a name is missing here although others see it, as a message. */
  absent?(name: string): string | undefined
}

const LOOPS = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
const TYPE_NAMES = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type']
/** Prefix of the functions that stand in for the library's. */
export const OWN = 'pulseprint_'

type Calls = Extract<ASTNode, { op: 'call' }> | Extract<ASTNode, { op: 'rcall' }>

/**
 * Checks the whole tree and redirects time functions to ours. Must run before the library's type
 * check.
 */
export function checkTree(root: ASTNode, scope: Scope): CelProblem[] {
  const { variables } = scope
  const problems: CelProblem[] = []
  visit(root, new Set(), false)
  return problems

  function visit(node: ASTNode, bound: ReadonlySet<string>, insideLoop: boolean): void {
    if (node.op === 'id') checkName(node.args, node.start, bound)
    if (node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'object') checkObjectField(node)
    if (node.op === 'call' || node.op === 'rcall') redirect(node)
    if (node.op === 'rcall' && node.args[0] === 'matches') refuse(node, NO_REGEX)
    if (node.op === 'rcall' && LOOPS.has(node.args[0])) visitLoop(node, bound, insideLoop)
    else for (const child of childrenOf(node)) visit(child, bound, insideLoop)
  }

  function visitLoop(
    node: Extract<ASTNode, { op: 'rcall' }>,
    bound: ReadonlySet<string>,
    inside: boolean,
  ): void {
    const [name, receiver, args] = node.args
    if (inside) refuse(node, { message: `\`${name}\` inside another loop`, hint: 'Loops must not nest.' })
    visit(receiver, bound, inside)
    const variable = args[0]
    const inner = variable?.op === 'id' ? new Set([...bound, variable.args]) : bound
    for (const arg of args.slice(1)) visit(arg, inner, true)
  }

  function refuse(node: ASTNode, problem: { message: string; hint: string }): void {
    problems.push({ offset: node.start, ...problem })
  }

  function checkName(name: string, offset: number, bound: ReadonlySet<string>): void {
    if (bound.has(name) || TYPE_NAMES.includes(name) || variables.includes(name)) return
    const visible = `Expressions see ${variables.join(', ')} here.`
    const absent = scope.absent?.(name)
    const message = absent ?? `Unknown variable: ${name}`
    problems.push({ offset, message, hint: absent ? visible : `${guessOf(name)} ${visible}`.trim() })
  }

  function guessOf(name: string): string {
    const near = nearest(name, variables) ?? (variables.includes('properties') && `properties.${name}`)
    return near ? `Did you mean \`${near}\`?` : ''
  }

  function checkObjectField(node: Extract<ASTNode, { op: '.' }>): void {
    const field = node.args[1]
    if (field === 'id' || field === 'type') return
    const hint = `Use \`object.id\` or \`object.type\`; anything else an action says is in \`properties\`.`
    refuse(node, { message: `object has no field \`${field}\``, hint })
  }

  function redirect(node: Calls): void {
    const args = node.op === 'call' ? node.args[1] : node.args[2]
    const name = node.args[0]
    const literal = args[0]?.op === 'value' && typeof args[0].args === 'string' ? args[0].args : undefined
    if (node.op === 'call' && name === 'timestamp') {
      if (literal !== undefined && parseInstant(literal) === undefined) refuse(node, NO_INSTANT)
      node.args[0] = `${OWN}${name}`
    }
    const zoned = node.op === 'rcall' && Object.hasOwn(ZONED_PARTS, name)
    if (zoned && (args.length === 1 || name === 'getDayOfYear')) {
      if (literal !== undefined && !isZone(literal)) refuse(node, noZone(literal))
      node.args[0] = `${OWN}${name}`
    }
  }
}

const NO_REGEX = {
  message: 'Regular expressions are not supported: a bad one could stop the engine',
  hint: 'Use `startsWith`, `endsWith`, `contains`, `==` or `in`.',
}
const NO_INSTANT = {
  message: 'This text is not an instant',
  hint: 'Write ISO 8601 with a zone: `timestamp("2026-11-20T09:30:00Z")`.',
}
const noZone = (zone: string) => ({
  message: `Unknown time zone: ${zone}`,
  hint: 'Use an IANA name, for example `"Europe/London"`.',
})

/** The direct operands of a node, in order. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return node.args
  }
}

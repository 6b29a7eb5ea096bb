// Evaluates plain expressions without the library: arithmetic and comparisons of numbers, texts and
// truth values. Whatever is not plain, in the tree or in a value, is left to the library, so that
// both always agree.
import type { ASTNode } from '@marcbachmann/cel-js'
import { ARITHMETIC } from './cel-environment.ts'

/** The answer of an expression that met a value which is not plain: the library must evaluate it. */
export const UNSURE = Symbol('unsure')

export type Plain<Subject> = (subject: Subject) => unknown

interface Part<Subject> {
  run: Plain<Subject>
  /** An integer literal. CEL computes two integers otherwise than JavaScript computes two numbers. */
  isInt: boolean
}

const ORDER: Record<string, (left: number, right: number) => boolean> = {
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

/**
 * The expression as a function that gives a number, a text, a truth value or UNSURE; undefined if
 * its tree is not plain.
 * @param leafOf reads what a node names; undefined if the node is no name, or that of an instant
 */
export function plainOf<Subject>(
  root: ASTNode,
  leafOf: (node: ASTNode) => Plain<Subject> | undefined,
): Plain<Subject> | undefined {
  const part = partOf(root)
  return part && ((subject) => plainOrUnsure(part.run(subject)))

  function partOf(node: ASTNode): Part<Subject> | undefined {
    const leaf = leafOf(node)
    if (leaf) return { run: leaf, isInt: false }
    switch (node.op) {
      case 'value':
        return literal(node.args)
      case '!_':
        return negation(partOf(node.args))
      case '&&':
      case '||':
        return logical(node.op === '||', partOf(node.args[0]), partOf(node.args[1]))
      case '==':
      case '!=':
        return equality(node.op === '==', partOf(node.args[0]), partOf(node.args[1]))
      case '?:':
        return choice(partOf(node.args[0]), partOf(node.args[1]), partOf(node.args[2]))
      default: {
        const compute = ARITHMETIC[node.op] ?? ORDER[node.op]
        const [left, right] = compute ? (node.args as [ASTNode, ASTNode]) : []
        return compute && numeric(compute, partOf(left!), partOf(right!))
      }
    }
  }
}

function literal<Subject>(value: unknown): Part<Subject> | undefined {
  const isInt = typeof value === 'bigint'
  const plain = isInt ? Number(value) : value
  if (isInt && !Number.isSafeInteger(plain)) return undefined
  return isPlain(plain) ? { run: () => plain, isInt } : undefined
}

function numeric<Subject>(
  compute: (left: number, right: number) => number | boolean,
  left: Part<Subject> | undefined,
  right: Part<Subject> | undefined,
): Part<Subject> | undefined {
  return both(left, right, (a, b) => {
    return typeof a === 'number' && typeof b === 'number' ? compute(a, b) : UNSURE
  })
}

function equality<Subject>(
  wanted: boolean,
  left: Part<Subject> | undefined,
  right: Part<Subject> | undefined,
): Part<Subject> | undefined {
  return both(left, right, (a, b) => {
    return typeof a === typeof b && isPlain(a) ? (a === b) === wanted : UNSURE
  })
}

function both<Subject>(
  left: Part<Subject> | undefined,
  right: Part<Subject> | undefined,
  compute: (left: unknown, right: unknown) => unknown,
): Part<Subject> | undefined {
  if (!left || !right || (left.isInt && right.isInt)) return undefined
  const [runLeft, runRight] = [left.run, right.run]
  return { run: (subject) => compute(runLeft(subject), runRight(subject)), isInt: false }
}

function logical<Subject>(
  decides: boolean,
  left: Part<Subject> | undefined,
  right: Part<Subject> | undefined,
): Part<Subject> | undefined {
  if (!left || !right) return undefined
  const run = (subject: Subject) => {
    const first = left.run(subject)
    if (first === decides) return first
    const second = typeof first === 'boolean' ? right.run(subject) : UNSURE
    return typeof second === 'boolean' ? second : UNSURE
  }
  return { run, isInt: false }
}

function negation<Subject>(of: Part<Subject> | undefined): Part<Subject> | undefined {
  if (!of) return undefined
  const run = (subject: Subject) => {
    const value = of.run(subject)
    return typeof value === 'boolean' ? !value : UNSURE
  }
  return { run, isInt: false }
}

function choice<Subject>(
  condition: Part<Subject> | undefined,
  yes: Part<Subject> | undefined,
  no: Part<Subject> | undefined,
): Part<Subject> | undefined {
  if (!condition || !yes || !no || yes.isInt || no.isInt) return undefined
  const run = (subject: Subject) => {
    const holds = condition.run(subject)
    if (typeof holds !== 'boolean') return UNSURE
    return holds ? yes.run(subject) : no.run(subject)
  }
  return { run, isInt: false }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
}

function plainOrUnsure(value: unknown): unknown {
  return isPlain(value) ? value : UNSURE
}

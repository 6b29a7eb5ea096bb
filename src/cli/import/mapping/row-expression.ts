// CEL over one row of a file. The language is that of definitions; what it sees is `row`, a map
// from column to value: text in CSV, any JSON value in NDJSON.

import type { ASTNode } from '@marcbachmann/cel-js'
import { createEnvironment, EXPRESSION_LENGTH_MAX, toValue } from '../../../expressions/expressions.ts'
import type { Value } from '../../../model/value.ts'

export type Row = Record<string, unknown>

export interface RowExpression {
  /** Columns it names as `row.X` or `row["X"]`. */
  columns: readonly string[]
  /** Undefined for null. Throws if a function or an operator cannot take what the row holds. */
  evaluate(row: Row): Value | undefined
}

const environment = createEnvironment().registerVariable('row', 'map')
/** What the environment shows to definitions; a row has none of it. */
const NOT_IN_ROWS = ['action', 'properties', 'object', 'occurredAt', 'channel', 'place', 'userId']

/** Throws Error with a text for people, and `offset` into the source if it is known. */
export function compileRowExpression(source: string, wantsBool: boolean): RowExpression {
  if (source.length > EXPRESSION_LENGTH_MAX) throw new Error('the expression is too long')
  const parsed = environment.parse(source)
  const columns = new Set<string>()
  visit(parsed.ast, columns)
  const { valid, type, error } = parsed.check()
  if (!valid) throw error
  if (wantsBool && type !== 'bool' && type !== 'dyn') throw new Error(`gives ${type}, not true or false`)
  const context: { row?: Row } = {}
  return {
    columns: [...columns],
    evaluate(row) {
      context.row = row
      return toValue(parsed(context))
    },
  }
}

/** What went wrong with an expression, in one line. */
export function celMessage(error: unknown): string {
  const { summary, message } = error as { summary?: string; message: string }
  return (summary ?? message).split('\n')[0]!.replaceAll('google.protobuf.', '')
}

function visit(node: ASTNode, columns: Set<string>): void {
  if (node.op === 'id' && NOT_IN_ROWS.includes(node.args)) {
    throw new Error(`there is no \`${node.args}\` here; expressions see \`row\`, such as row.${node.args}`)
  }
  const column = columnOf(node)
  if (column !== undefined) columns.add(column)
  for (const child of nodesIn(node.args)) visit(child, columns)
}

function columnOf(node: ASTNode): string | undefined {
  if (node.op === '.') return isRow(node.args[0]) ? node.args[1] : undefined
  if (node.op !== '[]' || !isRow(node.args[0])) return undefined
  const [, key] = node.args
  return key.op === 'value' && typeof key.args === 'string' ? key.args : undefined
}

function isRow(node: ASTNode): boolean {
  return node.op === 'id' && node.args === 'row'
}

function nodesIn(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(nodesIn)
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : []
}

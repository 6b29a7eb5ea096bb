// The aggregates a definition may name, and the operator that runs each over its tiles.
import type { Aggregate } from './aggregate.ts'
import { avg } from './avg.ts'
import { count } from './count.ts'
import { distinct } from './distinct.ts'
import { first } from './first.ts'
import { last } from './last.ts'
import { lifetime } from './lifetime.ts'
import { max } from './max.ts'
import { min } from './min.ts'
import type { Operator } from './operator.ts'
import { sum } from './sum.ts'
import { tiled } from './tiled.ts'
import type { TileUnit } from './window.ts'

export const AGGREGATES = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last', 'distinct'] as const
export type AggregateName = (typeof AGGREGATES)[number]

const MERGEABLE = { count, sum, min, max, avg, first, last }

export function createOperator(name: AggregateName, unit: TileUnit): Operator<unknown> {
  if (name === 'distinct') return distinct as Operator<unknown>
  const aggregate = MERGEABLE[name] as Aggregate<unknown>
  return (unit === 'all' ? lifetime(aggregate) : tiled(aggregate)) as Operator<unknown>
}

// The aggregates a definition may name, and the operator that runs each over its tiles.

import type { TileUnit } from '../model/window.ts'
import type { Aggregate } from './aggregate.ts'
import { avg } from './aggregates/avg.ts'
import { count } from './aggregates/count.ts'
import { distinct } from './aggregates/distinct.ts'
import { first } from './aggregates/first.ts'
import { last } from './aggregates/last.ts'
import { max } from './aggregates/max.ts'
import { min } from './aggregates/min.ts'
import { sum } from './aggregates/sum.ts'
import { lifetime } from './lifetime.ts'
import type { Operator } from './operator.ts'
import { tiled } from './tiled.ts'

export const AGGREGATES = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last', 'distinct'] as const
export type AggregateName = (typeof AGGREGATES)[number]

const TOTALLED = { count, sum, min, max, avg, first, last }

export function createOperator(name: AggregateName, unit: TileUnit): Operator {
  if (name === 'distinct') return distinct
  const aggregate = TOTALLED[name] as Aggregate<unknown>
  return unit === 'all' ? lifetime(aggregate) : tiled(aggregate)
}

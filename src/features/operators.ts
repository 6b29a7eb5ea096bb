// The aggregates a definition may name, and the operator that runs each over its tiles.

import type { TileUnit } from '../model/window.ts'
import { activePeriods } from './activity/active-periods.ts'
import { type StreakOptions, streak } from './activity/streak.ts'
import type { Aggregate } from './aggregate.ts'
import { avg } from './aggregates/avg.ts'
import { count } from './aggregates/count.ts'
import { distinct } from './aggregates/distinct.ts'
import { first } from './aggregates/first.ts'
import { last } from './aggregates/last.ts'
import { max } from './aggregates/max.ts'
import { min } from './aggregates/min.ts'
import { sum } from './aggregates/sum.ts'
import { countBy } from './keyed/count-by.ts'
import { recent } from './keyed/recent.ts'
import { lifetime } from './lifetime.ts'
import type { Operator } from './operator.ts'
import { tiled } from './tiled.ts'

/** Aggregates of the values that `of` takes. */
export const VALUE_AGGREGATES = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last', 'distinct'] as const
export type ValueAggregate = (typeof VALUE_AGGREGATES)[number]

/** Aggregates of the days on which a user was active. */
export const ACTIVITY_AGGREGATES = ['days', 'weeks', 'months', 'streak'] as const
export type ActivityAggregate = (typeof ACTIVITY_AGGREGATES)[number]

/** Aggregates that keep several values of a user, and show the first of them. */
export const KEYED_AGGREGATES = ['countBy', 'recent'] as const
export type KeyedAggregate = (typeof KEYED_AGGREGATES)[number]

export const AGGREGATES = [...VALUE_AGGREGATES, ...ACTIVITY_AGGREGATES, ...KEYED_AGGREGATES] as const
export type AggregateName = (typeof AGGREGATES)[number]

const TOTALLED = { count, sum, min, max, avg, first, last }
const PERIOD_OF = { days: 'day', weeks: 'week', months: 'month' } as const

export function isKeyed(name: AggregateName): name is KeyedAggregate {
  return (KEYED_AGGREGATES as readonly string[]).includes(name)
}

export function isActivity(name: AggregateName): name is ActivityAggregate {
  return (ACTIVITY_AGGREGATES as readonly string[]).includes(name)
}

export function createOperator(name: ValueAggregate, unit: TileUnit): Operator {
  if (name === 'distinct') return distinct
  const aggregate = TOTALLED[name] as Aggregate<unknown>
  return unit === 'all' ? lifetime(aggregate) : tiled(aggregate)
}

/** @param top how many keys or values it shows */
export function createKeyedOperator(name: KeyedAggregate, top: number, unit: TileUnit): Operator {
  const aggregate = (name === 'countBy' ? countBy(top) : recent(top)) as Aggregate<unknown>
  return unit === 'all' ? lifetime(aggregate) : tiled(aggregate)
}

/**
 * @param options of a streak
 * @param startOfDay first instant of a day tile, epoch ms
 */
export function createActivityOperator(
  name: ActivityAggregate,
  options: StreakOptions | undefined,
  startOfDay: (day: number) => number,
): Operator {
  return name === 'streak' ? streak(options!, startOfDay) : activePeriods(PERIOD_OF[name])
}

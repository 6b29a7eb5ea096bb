// Whether a rule may fire, and what the user's state keeps of the firing.

import type { Firing, LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Calendar } from '../model/calendar.ts'
import { hash53 } from '../model/hash.ts'
import { unitOf } from '../model/window.ts'
import { isOpen, type Rule } from './rule.ts'

/** What keeps the rule from firing at `at` (epoch ms); undefined if nothing does. */
export function heldBackBy(
  rule: Rule,
  standing: LifecycleState,
  at: number,
  calendar: Calendar,
): 'closed' | 'limit' | 'cooldown' | undefined {
  if (!isOpen(rule, at)) return 'closed'
  const firing = firingOf(rule, standing)
  if (!firing) return undefined
  if (rule.limit && firingsWithin(rule, firing, at, calendar) >= rule.limit.times) return 'limit'
  return rule.cooldownMs > 0 && at - firing.lastAt < rule.cooldownMs ? 'cooldown' : undefined
}

/** True if the user is one of those for whom the rule is decided but not given, now and always. */
export function isHeldOut({ name, holdout }: Rule, user: string): boolean {
  return holdout > 0 && hash53(`${name} ${user}`) < holdout * 2 ** 53
}

/** How often it has fired within its limit's window that ends at `at`. */
function firingsWithin(rule: Rule, firing: Firing, at: number, calendar: Calendar): number {
  const window = rule.limit?.window
  if (!window || window.kind === 'lifetime') return firing.times
  const start = calendar.windowStart(window, at)
  const unit = unitOf(window)
  return firing.recent.filter((earlier) => calendar.tile(unit, earlier) >= start).length
}

/**
 * Counts a firing at `at`, and gives the badge if it is given at all. Changes `standing`.
 */
export function countFiring(
  rule: Rule,
  rules: readonly Rule[],
  standing: LifecycleState,
  at: number,
  isGiven: boolean,
): void {
  let firing = firingOf(rule, standing)
  if (!firing) {
    firing = { rule: rule.index, times: 0, lastAt: at, recent: [] }
    standing.firings.push(firing)
  }
  firing.times++
  firing.lastAt = at
  if (rule.limit && rule.limit.window.kind !== 'lifetime') {
    firing.recent.push(at)
    if (firing.recent.length > rule.limit.times) firing.recent.shift()
  }
  if (isGiven && rule.badge !== undefined && !hasBadge(rule.badge, rules, standing))
    standing.badges.push(rule.index, at)
}

export function firingOf(rule: Rule, { firings }: LifecycleState): Firing | undefined {
  return firings.find((firing) => firing.rule === rule.index)
}

function hasBadge(badge: string, rules: readonly Rule[], { badges }: LifecycleState): boolean {
  for (let at = 0; at < badges.length; at += 2) if (rules[badges[at]!]!.badge === badge) return true
  return false
}

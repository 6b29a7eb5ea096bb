// Whether a rule may fire, and what the user's standing keeps of it once it has.
import { unitOf } from '../features/window.ts'
import type { Calendar } from '../model/calendar.ts'
import type { Firing, Standing } from '../profile/standing.ts'
import type { Rule } from './rule.ts'

/** False while the rule's limit or cooldown holds it back at `at` (epoch ms). */
export function mayFire(rule: Rule, standing: Standing, at: number, calendar: Calendar): boolean {
  const firing = firingOf(rule, standing)
  if (!firing) return true
  if (rule.cooldownMs > 0 && at - firing.lastAt < rule.cooldownMs) return false
  if (!rule.limit) return true
  const { times, window } = rule.limit
  if (window.kind === 'lifetime') return firing.times < times
  return firingsWithin(rule, firing, at, calendar) < times
}

/** How often it has fired within its limit's window that ends at `at`. */
export function firingsWithin(rule: Rule, firing: Firing, at: number, calendar: Calendar): number {
  const window = rule.limit?.window
  if (!window || window.kind === 'lifetime') return firing.times
  const start = calendar.windowStart(window, at)
  const unit = unitOf(window)
  return firing.recent.filter((earlier) => calendar.tile(unit, earlier) >= start).length
}

/** Counts a firing at `at`, and gives the badge. Changes `standing`. */
export function countFiring(rule: Rule, rules: readonly Rule[], standing: Standing, at: number): void {
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
  if (rule.badge !== undefined && !hasBadge(rule.badge, rules, standing)) standing.badges.push(rule.index, at)
}

export function firingOf(rule: Rule, { firings }: Standing): Firing | undefined {
  return firings.find((firing) => firing.rule === rule.index)
}

function hasBadge(badge: string, rules: readonly Rule[], { badges }: Standing): boolean {
  for (let at = 0; at < badges.length; at += 2) if (rules[badges[at]!]!.badge === badge) return true
  return false
}

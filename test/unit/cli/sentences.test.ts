import { expect, test } from 'vitest'
import { sentencesOf } from '../../../src/cli/sentences.ts'
import { compiled } from '../definition/documents.ts'

test('each part of a definition is one plain line', () => {
  const definition = compiled(`version: 1
actions:
  buy: { properties: { price: number, tag: string } }
  redeem: { guard: features.n > 0 }
  "*": {}
features:
  n: { aggregate: count }
  priced: { aggregate: count, action: [buy, redeem], of: properties.price, window: day }
  spend: { aggregate: sum, action: buy, of: properties.price, where: properties.price > 1.0, window: 30d }
  mean: { aggregate: avg, action: buy, of: properties.price, window: month }
  dearest: { aggregate: max, action: buy, of: properties.price, window: 1h }
  tags: { aggregate: distinct, action: buy, of: properties.tag }
  likes: { aggregate: countBy, action: buy, by: properties.tag, top: 3, window: week }
  newest: { aggregate: recent, action: buy, of: properties.tag, top: 5 }
  last_tag: { aggregate: last, action: buy, of: properties.tag }
  weeks: { aggregate: weeks }
  streak: { aggregate: streak, action: buy, grace: 2 }
  ends: { aggregate: streak, per: week, show: endsAt }
  best: { aggregate: streak, show: longest }
  rich: { derived: features.spend > 100 }
lifecycle:
  initial: a
  transitions:
    - { from: a, to: b, on: buy, when: features.n > 2 }
    - { from: b, to: c, when: features.rich }
    - { from: "*", to: d, after: 36h }
    - { from: [b, c], to: a, after: 7d, since: stage }
rules:
  r1: { on: "*", audience: features.rich, limit: 1, badge: gold }
  r4: { when: features.spend > 100.0, rearm: features.spend < 50.0, badge: true }
  r2: { on: { stage: [b, c] }, cooldown: 90m, emit: { stream: s } }
  r3:
    when: features.rich
    limit: { times: 3, per: month }
    from: 2026-06-01T00:00:00Z
    until: 2026-07-01T00:00:00Z
    holdout: 2.5%
    group: g
    badge: true
    emit: { stream: s }
`)
  expect(sentencesOf(definition)).toEqual([
    '`n`: how many actions.',
    '`priced`: how many `buy` or `redeem` actions with a `properties.price` today.',
    '`spend`: the sum of `properties.price` of `buy` actions where `properties.price > 1.0` in the last 30 days.',
    '`mean`: the mean of `properties.price` of `buy` actions in the present month.',
    '`dearest`: the largest `properties.price` of `buy` actions in the last 1 hour.',
    '`tags`: how many different `properties.tag` of `buy` actions.',
    '`likes`: how many `buy` actions of each `properties.tag` in the present week, the 3 most frequent.',
    '`newest`: the newest different `properties.tag` of `buy` actions, at most 5.',
    '`last_tag`: the last `properties.tag` of `buy` actions.',
    '`weeks`: in how many weeks there were actions.',
    '`streak`: the length of the present row of days (2 missed days forgiven) with `buy` actions.',
    '`ends`: when the present row of weeks with actions ends.',
    '`best`: the length of the longest row of days with actions.',
    '`rich`: made of other features: `features.spend > 100`.',
    '`redeem` is refused unless `features.n > 0`.',
    'Every user begins in the stage `a`.',
    'From `a` to `b`: at `buy` actions if `features.n > 2`.',
    'From `b` to `c`: as soon as `features.rich`.',
    'From any other stage to `d`: after 36 hours without any action.',
    'From `b` or `c` to `a`: after 7 days in the stage.',
    '`r1`: at actions, the badge `gold`, only for users with `features.rich`, at most 1 time.',
    '`r4`: as soon as `features.spend > 100.0`, the badge `r4`, again only after `features.spend < 50.0`.',
    '`r2`: when a user enters `b` or `c`, a decision on the stream `s`, not within 90 minutes of the last time.',
    '`r3`: as soon as `features.rich`, a decision on the stream `s` and the badge `r3`, at most 3 times a month, ' +
      'from 2026-06-01T00:00:00.000Z on, until 2026-07-01T00:00:00.000Z, held out from 2.5 % of the users, ' +
      'unless another rule of the group `g` came first.',
  ])
})

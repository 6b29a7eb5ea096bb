// The definition an engine runs without one of its own: useful for any application, and an example
// to start from.

export const DEFAULT_DEFINITION = `version: 1
timezone: UTC

actions:
  "*": {}                  # any action is accepted, untyped

features:
  actions:        { aggregate: count }
  actions_24h:    { aggregate: count, window: 24h }
  actions_7d:     { aggregate: count, window: 7d }
  actions_30d:    { aggregate: count, window: 30d }
  first_seen_at:  { aggregate: first, of: occurredAt }
  last_seen_at:   { aggregate: last, of: occurredAt }
  purchases:      { aggregate: count, action: purchase }
  spend:          { aggregate: sum, action: purchase, of: "properties.price * (has(properties.quantity) ? properties.quantity : 1)" }
  spend_30d:      { aggregate: sum, action: purchase, of: "properties.price * (has(properties.quantity) ? properties.quantity : 1)", window: 30d }
  products_30d:   { aggregate: distinct, action: purchase, of: object.id, window: 30d }

lifecycle:
  initial: new
  transitions:
    - { from: new, to: customer, on: purchase }
    - { from: "*", to: dormant, after: 30d }       # 30 days without any action
    - { from: dormant, to: returning, on: "*" }

rules:
  first_purchase: { on: purchase, emit: { stream: rewards, payload: { points: 100 } }, limit: 1, badge: true }
`

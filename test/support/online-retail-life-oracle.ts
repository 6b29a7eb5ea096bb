// What lifecycle and rules must make of the customers of the Online Retail file. The SQL cuts each
// customer's rows into spells without 60 days of silence, and what a spell begins, holds and ends
// with says all. It shares nothing with the engine.
import type { OnlineRetailOracle } from './online-retail-oracle.ts'

/**
 * Instants are epoch milliseconds; `line` is the row of the file that caused it, from 1; null if
 * time did.
 */
export interface ExpectedChange {
  userId: string
  from: string
  to: string
  at: number
  line: number | null
}

/**
 * `spend` is exact and written out in decimal: of the day for big_basket, of a lifetime for
 * tenth_invoice.
 */
export interface ExpectedDecision {
  userId: string
  rule: 'tenth_invoice' | 'big_basket'
  at: number
  line: number
  spend: string
}

/**
 * All that ever happens to a customer when nothing comes after the last row: in order, the last
 * silence included.
 */
export interface ExpectedLife {
  userId: string
  firstAt: number
  changes: ExpectedChange[]
  decisions: ExpectedDecision[]
}

const DAY_MS = 86_400_000
const SILENCE_MS = 60 * DAY_MS
const COOLDOWN_MS = 30 * DAY_MS

/**
 * The customers' rows. `spell` counts the silences before; a customer's distinct invoices and the
 * sums run over purchases, in the order of the file.
 */
const ROWS = `
  bought AS (
    SELECT *, NOT starts_with(invoice, 'C') AS purchase FROM lines WHERE customer IS NOT NULL
  ), noted AS (
    SELECT *,
      purchase AND row_number() OVER (PARTITION BY customer, invoice ORDER BY line) = 1 AS opens_invoice,
      instant - lag(instant) OVER (PARTITION BY customer ORDER BY line) >= ${SILENCE_MS} AS after_silence,
      sum(quantity * price) FILTER (WHERE purchase) OVER (PARTITION BY customer ORDER BY line) AS spend,
      sum(quantity * price) FILTER (WHERE purchase)
        OVER (PARTITION BY customer, local_time::DATE ORDER BY line) AS spend_today
    FROM bought
  ), life AS (
    SELECT *,
      count(*) FILTER (WHERE opens_invoice) OVER (PARTITION BY customer ORDER BY line) AS invoices,
      count(*) FILTER (WHERE after_silence) OVER (PARTITION BY customer ORDER BY line) AS spell
    FROM noted
  )`

/**
 * A customer is new in the first spell and dormant at the start of every other; only the first
 * leads to loyal.
 */
const CHANGES = `
  WITH ${ROWS}, spells AS (
    SELECT customer, spell, max(instant) + ${SILENCE_MS} AS silent_at,
      min(line) FILTER (WHERE purchase) AS bought_row, min(instant) FILTER (WHERE purchase) AS bought_at,
      min(line) FILTER (WHERE purchase AND invoices >= 10) AS tenth_row,
      min(instant) FILTER (WHERE purchase AND invoices >= 10) AS tenth_at
    FROM life GROUP BY customer, spell
  ), changes AS (
    SELECT customer, 'new' AS "from", 'active' AS "to", bought_at AS instant, bought_row AS line, 1 AS step
    FROM spells WHERE spell = 0 AND bought_row IS NOT NULL
    UNION ALL
    SELECT customer, 'active', 'loyal', tenth_at, tenth_row, 2
    FROM spells WHERE spell = 0 AND tenth_row IS NOT NULL
    UNION ALL
    SELECT customer, 'dormant', 'returning', bought_at, bought_row, 1
    FROM spells WHERE spell > 0 AND bought_row IS NOT NULL
    UNION ALL
    SELECT customer, CASE WHEN spell > 0 THEN 'returning' WHEN tenth_row IS NOT NULL THEN 'loyal'
      WHEN bought_row IS NOT NULL THEN 'active' ELSE 'new' END, 'dormant', silent_at, NULL, 0
    FROM spells WHERE spell = 0 OR bought_row IS NOT NULL
  )
  SELECT customer AS "userId", "from", "to", instant::DOUBLE AS "at", line::DOUBLE AS line
  FROM changes ORDER BY instant, line NULLS FIRST, step`

/** Every purchase at which a rule's condition holds, in order; limit and cooldown are for later. */
const CANDIDATES = `
  WITH ${ROWS}, candidates AS (
    SELECT customer, 'tenth_invoice' AS rule, instant, line, spend, 1 AS place
    FROM life WHERE purchase AND invoices >= 10
    QUALIFY row_number() OVER (PARTITION BY customer ORDER BY line) = 1
    UNION ALL
    SELECT customer, 'big_basket', instant, line, spend_today, 2 FROM life WHERE purchase AND spend_today > 1000
  )
  SELECT customer AS "userId", rule, instant::DOUBLE AS "at", line::DOUBLE AS line, spend::VARCHAR AS spend
  FROM candidates ORDER BY line, place`

const CUSTOMERS = `
  SELECT customer AS "userId", first(instant ORDER BY line)::DOUBLE AS "firstAt"
  FROM lines WHERE customer IS NOT NULL GROUP BY customer ORDER BY customer`

/** Every customer's life, in the order of the oracle's profiles. */
export async function expectedLives(oracle: OnlineRetailOracle): Promise<ExpectedLife[]> {
  const customers = await oracle.query<{ userId: string; firstAt: number }>(CUSTOMERS)
  const lives = new Map(
    customers.map((customer) => [
      customer.userId,
      { ...customer, changes: [], decisions: [] } as ExpectedLife,
    ]),
  )
  for (const change of await oracle.query<ExpectedChange>(CHANGES))
    lives.get(change.userId)!.changes.push(change)
  const baskets = new Map<string, number>()
  for (const candidate of await oracle.query<ExpectedDecision>(CANDIDATES)) {
    const { userId, rule, at } = candidate
    if (rule === 'big_basket') {
      if (at - (baskets.get(userId) ?? Number.NEGATIVE_INFINITY) < COOLDOWN_MS) continue
      baskets.set(userId, at)
    }
    lives.get(userId)!.decisions.push(candidate)
  }
  return [...lives.values()]
}

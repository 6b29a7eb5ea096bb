// What the profiles of the Online Retail file must say, computed by DuckDB from the file alone. The
// SQL follows the words of the requirement and shares nothing with the engine, not even its notion
// of time.
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

/** The instants are epoch milliseconds; sums are exact and written out in decimal. */
export interface ExpectedProfile {
  userId: string
  purchases: number
  cancellations: number
  spend: string
  refunds: string
  products: number
  invoices: number
  spend_today: string
  purchases_30d: number
  spend_90d: string
  products_7d: number
  purchases_month: number
  first_purchase_at: number | null
  last_purchase_at: number | null
  max_price: number | null
  avg_quantity: number | null
}

export interface ExpectedCounts {
  rows: number
  withoutCustomer: number
  actions: number
  customers: number
  /** Newest instant of all customers' rows, and of the last row; epoch milliseconds. */
  newestAt: number
  lastRowAt: number
}

/**
 * The rows of every $oneIn-th customer and as large a part of those without one, numbered from 1;
 * DuckDB reads the gzip itself.
 */
const FILE = `
  WITH whole AS (SELECT row_number() OVER () AS place, * FROM read_csv($path, header = true, all_varchar = true))
  SELECT row_number() OVER (ORDER BY place) AS line, * EXCLUDE place FROM whole
  WHERE coalesce(CustomerID::DOUBLE::BIGINT, place) % $oneIn::BIGINT = 0 ORDER BY place`

/** What the rows mean. Times become UTC through DuckDB's own time zone data. */
const LINES = `
  SELECT line, InvoiceNo AS invoice, StockCode AS product, Quantity::INTEGER AS quantity,
         UnitPrice::DECIMAL(18, 6) AS price,
         regexp_replace(CustomerID, '\\.0$', '') AS customer,
         InvoiceDate::TIMESTAMP AS local_time,
         epoch_ms(timezone('Europe/London', InvoiceDate::TIMESTAMP)) AS instant
  FROM file`

/** $day is the local date that the windows end on. */
const PROFILES = `
  WITH bought AS (
    SELECT customer, invoice, product, quantity, price, instant, quantity * price AS amount, local_time::DATE AS day
    FROM lines WHERE customer IS NOT NULL AND NOT starts_with(invoice, 'C')
  ), cancelled AS (
    SELECT customer, count(*) AS cancellations, sum(quantity * price) AS refunds
    FROM lines WHERE customer IS NOT NULL AND starts_with(invoice, 'C') GROUP BY customer
  ), totals AS (
    SELECT customer, count(*) AS purchases, sum(amount) AS spend,
      count(DISTINCT product) AS products, count(DISTINCT invoice) AS invoices,
      sum(amount) FILTER (WHERE day = $day::DATE) AS spend_today,
      count(*) FILTER (WHERE day > $day::DATE - 30) AS purchases_30d,
      sum(amount) FILTER (WHERE day > $day::DATE - 90) AS spend_90d,
      count(DISTINCT product) FILTER (WHERE day > $day::DATE - 7) AS products_7d,
      count(*) FILTER (WHERE date_trunc('month', day) = date_trunc('month', $day::DATE)) AS purchases_month,
      min(instant) AS first_purchase_at, max(instant) AS last_purchase_at,
      max(price) AS max_price, sum(quantity) AS quantities
    FROM bought GROUP BY customer
  )
  SELECT customer AS "userId",
    coalesce(purchases, 0)::DOUBLE AS purchases, coalesce(cancellations, 0)::DOUBLE AS cancellations,
    coalesce(spend, 0)::VARCHAR AS spend, coalesce(refunds, 0)::VARCHAR AS refunds,
    coalesce(products, 0)::DOUBLE AS products, coalesce(invoices, 0)::DOUBLE AS invoices,
    coalesce(spend_today, 0)::VARCHAR AS spend_today, coalesce(purchases_30d, 0)::DOUBLE AS purchases_30d, coalesce(spend_90d, 0)::VARCHAR AS spend_90d,
    coalesce(products_7d, 0)::DOUBLE AS products_7d, coalesce(purchases_month, 0)::DOUBLE AS purchases_month,
    first_purchase_at::DOUBLE AS first_purchase_at, last_purchase_at::DOUBLE AS last_purchase_at,
    max_price::DOUBLE AS max_price, quantities::DOUBLE / purchases::DOUBLE AS avg_quantity
  FROM totals FULL JOIN cancelled USING (customer) ORDER BY customer`

const COUNTS = `
  SELECT count(*)::DOUBLE AS rows, count(*) FILTER (WHERE customer IS NULL)::DOUBLE AS "withoutCustomer",
    count(customer)::DOUBLE AS actions, count(DISTINCT customer)::DOUBLE AS customers,
    (max(instant) FILTER (WHERE customer IS NOT NULL))::DOUBLE AS "newestAt", last(instant)::DOUBLE AS "lastRowAt"
  FROM lines`

const LATE_ROWS = `
  SELECT count(*)::DOUBLE AS late
  FROM (SELECT instant < lag(instant) OVER (ORDER BY line) AS late FROM lines) WHERE late`

export class OnlineRetailOracle {
  readonly #connection: DuckDBConnection

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  static async open(path: string, oneIn: number): Promise<OnlineRetailOracle> {
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
    await connection.run('LOAD icu')
    await connection.run(`CREATE TABLE file AS ${FILE}`, { path, oneIn: String(oneIn) })
    const oracle = new OnlineRetailOracle(connection)
    await oracle.lookAt('true')
    // What runs over a customer's rows runs over time, too.
    const [order] = await oracle.query<{ late: number }>(LATE_ROWS)
    if (order!.late > 0) throw new Error(`${order!.late} rows of the file are older than those before them`)
    return oracle
  }

  /** Only these rows exist from now on: a condition in SQL over `line` and the file's columns. */
  async lookAt(rows: string): Promise<void> {
    await this.#connection.run(`CREATE OR REPLACE TABLE lines AS ${LINES} WHERE ${rows}`)
  }

  async counts(): Promise<ExpectedCounts> {
    const [counts] = await this.query<ExpectedCounts>(COUNTS)
    return counts!
  }

  /** Every customer's features as of an instant (epoch ms) that no row lies after. */
  async profiles(at: number): Promise<ExpectedProfile[]> {
    const [local] = await this.query<{ day: string }>(
      `SELECT timezone('Europe/London', make_timestamptz($micros::BIGINT))::DATE::VARCHAR AS day`,
      { micros: String(at * 1000) },
    )
    return this.query<ExpectedProfile>(PROFILES, { day: local!.day })
  }

  /** Writes those rows as a file of the same form, and says how many there are. */
  async cut(rows: string, path: string): Promise<number> {
    const columns = 'InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country'
    const written = await this.#connection.run(
      `COPY (SELECT ${columns} FROM file WHERE ${rows} ORDER BY line) TO '${path}' (FORMAT csv, HEADER)`,
    )
    return written.rowsChanged
  }

  close(): void {
    this.#connection.closeSync()
  }

  async query<Row>(sql: string, values?: Record<string, string>): Promise<Row[]> {
    const reader = await this.#connection.runAndReadAll(sql, values)
    return reader.getRowObjects() as Row[]
  }
}

// HTTP of the suite's clients: requests to any node, given up after a while, with whatever came of
// them.
import { Pool } from 'undici'

/** A node that is frozen or cut off answers nothing: clients go elsewhere then. */
const ANSWER_MS_MAX = 4_000

export interface Answer<Body> {
  status: number
  body: Body
}

export class Http {
  readonly #pools = new Map<string, Pool>()

  /**
   * Undefined where the connection broke, or no answer came in time.
   * @param body posted as JSON; undefined: a GET
   */
  async json<Body>(origin: string, path: string, body?: unknown): Promise<Answer<Body> | undefined> {
    const request =
      body === undefined
        ? ({ path, method: 'GET' } as const)
        : ({
            path,
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          } as const)
    try {
      const answer = await this.#pool(origin).request(request)
      const text = await answer.body.text()
      return { status: answer.statusCode, body: JSON.parse(text) as Body }
    } catch {
      return undefined
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }

  #pool(origin: string): Pool {
    let pool = this.#pools.get(origin)
    if (!pool) {
      pool = new Pool(origin, {
        connections: 32,
        connectTimeout: 2_000,
        headersTimeout: ANSWER_MS_MAX,
        bodyTimeout: ANSWER_MS_MAX,
      })
      this.#pools.set(origin, pool)
    }
    return pool
  }
}

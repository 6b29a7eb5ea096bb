// A request of actions as `@segment/analytics-node` sends it, built once as bytes and refilled
// in place: users, times and message ids have fixed widths, so that making load costs the machine
// next to nothing.
import { randomUUID } from 'node:crypto'

/** How many a request holds where nothing else is said. */
export const BATCH_ACTIONS = 100

const USER_DIGITS = 7
const ID_DIGITS = 12
const PRODUCTS = 2_000
const LIBRARY = { name: '@segment/analytics-node', version: '3.1.0' }

/** The id of the n-th user, 0 to 9,999,999. */
export function userIdOf(user: number): string {
  return `u-${String(user).padStart(USER_DIGITS, '0')}`
}

/** A request whose bytes belong to one connection: refill it only after its answer came. */
export class SegmentBatch {
  readonly bytes: Buffer
  readonly #users: number[]
  readonly #times: number[]
  readonly #ids: number[]
  #sent = 0

  /**
   * @param random uniform in [0, 1): decides prices, quantities and products
   * @param actions how many it holds
   */
  constructor(host: string, random: () => number, actions = BATCH_ACTIONS) {
    const sentAt = new Date().toISOString()
    const batch = Array.from({ length: actions }, () => purchase(sentAt, random))
    const body = JSON.stringify({ batch, writeKey: 'bench', sentAt })
    const head = [
      'POST /v1/batch HTTP/1.1',
      `host: ${host}`,
      'content-type: application/json',
      `authorization: Basic ${Buffer.from('bench:').toString('base64')}`,
      'user-agent: analytics-node-next/latest',
      `content-length: ${Buffer.byteLength(body)}`,
    ]
    this.bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
    this.#users = this.#placesAfter('"userId":"u-', 0)
    this.#ids = this.#placesAfter('"messageId":"node-next-', 50 - ID_DIGITS)
    this.#times = [...this.#placesAfter('"timestamp":"', 0), ...this.#placesAfter('"sentAt":"', 0)]
  }

  /**
   * Makes the next request: fresh message ids, the time given (epoch ms), the users that `nextUser`
   * numbers.
   */
  refill(nextUser: () => number, now: number): void {
    for (const place of this.#users) this.#writeDigits(place, nextUser(), USER_DIGITS)
    for (const place of this.#ids) this.#writeDigits(place, this.#sent++, ID_DIGITS)
    const time = new Date(now).toISOString()
    for (const place of this.#times) this.bytes.write(time, place, 'latin1')
  }

  #placesAfter(text: string, skip: number): number[] {
    const places: number[] = []
    for (let at = this.bytes.indexOf(text); at >= 0; at = this.bytes.indexOf(text, at + 1)) {
      places.push(at + text.length + skip)
    }
    return places
  }

  #writeDigits(place: number, value: number, digits: number): void {
    let rest = value
    for (let at = place + digits - 1; at >= place; at--) {
      const next = Math.floor(rest / 10)
      this.bytes[at] = 48 + rest - next * 10
      rest = next
    }
  }
}

function purchase(timestamp: string, random: () => number): Record<string, unknown> {
  const product = Math.floor(random() * PRODUCTS)
  return {
    timestamp,
    integrations: {},
    event: 'purchase',
    type: 'track',
    properties: {
      product_id: `p-${product}`,
      category: `c-${product % 20}`,
      price: Math.round(100 + random() * 9_900) / 100,
      quantity: 1 + Math.floor(random() * 4),
    },
    context: { library: LIBRARY },
    userId: userIdOf(0),
    messageId: `node-next-${Date.now()}-${randomUUID()}`,
    _metadata: { nodeVersion: process.version, jsRuntime: 'node' },
  }
}

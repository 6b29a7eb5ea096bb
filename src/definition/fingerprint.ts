// The fingerprint of a definition: equal where the state it stores is the same, so that it can be kept.
import { createHash } from 'node:crypto'

/** Raise it when the same definition leads to other stored bytes. */
const STATE_VERSION = 1

export interface StateBasis {
  timezone: string
  latenessLimitMs: number
  idempotencyWindowMs: number
  /** Keys of the series in their order, each with the windows that decide how long its tiles are kept. */
  series: { key: string; retention: string[] }[]
  /** Names of the declared actions in their order. */
  actions: string[]
}

/** SHA-256, hex. */
export function fingerprintOf(basis: StateBasis): string {
  const { timezone, latenessLimitMs, idempotencyWindowMs, actions } = basis
  const series = basis.series.map(({ key, retention }) => [key, retention])
  const canonical = [STATE_VERSION, timezone, latenessLimitMs, idempotencyWindowMs, series, actions]
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex')
}

// The API for tests: without a port (inject), or listening on a free one. Closed when the test
// ends.
import type { FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'
import { createApp } from '../../api/app.ts'
import type { TrustedPages } from '../../api/plugins/trusted-pages.ts'
import { showEngine } from '../../src/app/engine-gauges.ts'
import type { Engine } from '../../src/engine.ts'
import type { ApiKeys } from '../../src/runtime/api-keys.ts'
import { type Clock, SimulatedClock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'

export const NOW = Date.parse('2026-11-20T09:30:00.000Z')

export interface LogLine {
  level: keyof Logger
  message: string
  facts?: Record<string, unknown> | undefined
}

/** A logger that remembers what it was told. */
export function recordingLogger(lines: LogLine[]): Logger {
  const at = (level: keyof Logger) => (message: string, facts?: Record<string, unknown>) => {
    lines.push({ level, message, facts })
  }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

export interface TestApiOptions {
  clock?: Clock
  bodyBytesMax?: number
  bodiesInFlightBytesMax?: number
  log?: LogLine[]
  keys?: ApiKeys
  trusted?: TrustedPages
}

/** Call inside a test. */
export function testApi(engine: Engine, options: TestApiOptions = {}): FastifyInstance {
  const { clock = new SimulatedClock(NOW), log = [], ...limits } = options
  const registry = new Registry()
  showEngine(registry, engine, true)
  const logger = recordingLogger(log)
  const app = createApp({ engine, clock, registry, logger, ...limits })
  onTestFinished(() => app.close())
  return app
}

/** Sends a JSON body. */
export function postJson(app: FastifyInstance, url: string, body: unknown) {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
}

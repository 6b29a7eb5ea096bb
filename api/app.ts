// Wires the HTTP API: which plugins surround which routes. It owns no process, no port and no
// engine.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { Engine } from '../src/engine.ts'
import { LIMITS } from '../src/limits.ts'
import type { ApiKeys } from '../src/runtime/api-keys.ts'
import type { Clock } from '../src/runtime/clock.ts'
import { consoleLogger, type Logger } from '../src/runtime/logger.ts'
import { createActionsCounter, createRequestDurations } from '../src/runtime/metrics.ts'
import { TurnBudget } from '../src/runtime/turn-budget.ts'
import { AnswersInFlight } from './plugins/answers-in-flight.ts'
import { requireApiKey } from './plugins/api-keys.ts'
import { ANY_TYPE, JSON_TYPE, NDJSON_TYPE, receiveBytes, receiveJson } from './plugins/bodies.ts'
import { boundBodiesInFlight } from './plugins/bodies-in-flight.ts'
import { boundConnections, CONNECTION_TIMEOUT_MS } from './plugins/connections.ts'
import { describeApi, docsRoutes } from './plugins/openapi.ts'
import { handleProblems, onClientError, sendProblem } from './plugins/problems.ts'
import { measureRequests } from './plugins/request-durations.ts'
import { allowOrigins, keepForeignPagesOut, type TrustedPages } from './plugins/trusted-pages.ts'
import { actionsRoute } from './routes/actions.ts'
import { countsRoute } from './routes/counts.ts'
import { explainRoute } from './routes/explain.ts'
import { healthRoutes } from './routes/health.ts'
import { metricsRoute } from './routes/metrics.ts'
import { profileRoute } from './routes/profile.ts'
import { profilesQueryRoute } from './routes/profiles-query.ts'
import { rebuildRoutes } from './routes/rebuild.ts'
import { segmentRoutes } from './routes/segment.ts'
import { shardsRoute } from './routes/shards.ts'
import { streamsRoute } from './routes/streams.ts'
import { timelineRoute } from './routes/timeline.ts'
import type { Scope, Services } from './scope.ts'
import { validatorCompiler } from './validator.ts'

/**
 * A UTF-16 unit takes at most nine characters percent-encoded; the prefix `anonymous:` takes a few
 * more.
 */
const PARAM_LENGTH_MAX = 9 * LIMITS.idLengthMax + 64
const REQUEST_TIMEOUT_MS = 60_000
const HEADERS_BYTES_MAX = 16 * 1024
/** How long large bodies are read in one turn of the event loop. */
const READ_TURN_MS = 2

export interface AppOptions {
  engine: Engine
  clock: Clock
  /** The metrics in which the API counts its work. */
  registry: Registry
  /** What /metrics shows. Default: the registry. */
  metrics?: () => Promise<string>
  /** Bytes of a request body, after unpacking. Default: LIMITS.bodyBytesMax. */
  bodyBytesMax?: number
  /** Bytes of all request bodies at a time. Default: LIMITS.bodiesInFlightBytesMax. */
  bodiesInFlightBytesMax?: number
  logger?: Logger
  /** Every request needs one of these keys; undefined: no request needs a key. */
  keys?: ApiKeys
  /** Origins whose pages may use the API. Default: none, as for an engine on loopback. */
  trusted?: TrustedPages
}

export function createApp({
  engine,
  clock,
  registry,
  metrics = () => registry.metrics(),
  bodyBytesMax = LIMITS.bodyBytesMax,
  bodiesInFlightBytesMax = LIMITS.bodiesInFlightBytesMax,
  logger = consoleLogger,
  keys,
  trusted = { host: '127.0.0.1', origins: [] },
}: AppOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    http: { maxHeaderSize: HEADERS_BYTES_MAX },
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, logger),
    clientErrorHandler: onClientError,
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(() => JSON.stringify)

  boundConnections(app)
  const answers = new AnswersInFlight(LIMITS.answersInFlightMax)
  measureRequests(app, createRequestDurations(registry))
  handleProblems(app, logger)
  if (!keys) keepForeignPagesOut(app, trusted)
  allowOrigins(app, trusted.origins)
  // This comes before the keys, because a browser asks whether it may send before it sends a key.
  app.after(() => {
    if (keys) requireApiKey(app, keys)
  })
  describeApi(app)

  const actionsCounter = createActionsCounter(registry)
  const turns = new TurnBudget(READ_TURN_MS)
  const services: Services = { engine, clock, actionsCounter, logger, turns }
  app.register(async (v1: Scope) => {
    boundBodiesInFlight(v1, bodiesInFlightBytesMax)
    v1.register(async (scope: Scope) => {
      receiveBytes(scope, [JSON_TYPE, NDJSON_TYPE], bodyBytesMax)
      actionsRoute(scope, services)
    })
    v1.register(async (scope: Scope) => {
      receiveBytes(scope, [ANY_TYPE], bodyBytesMax)
      segmentRoutes(scope, services)
    })
    v1.register(async (scope: Scope) => {
      answers.bound(scope)
      receiveJson(scope, Math.min(bodyBytesMax, LIMITS.queryBodyBytesMax))
      for (const route of [profileRoute, profilesQueryRoute, countsRoute, timelineRoute, explainRoute])
        route(scope, services)
    })
  })
  app.register(async (scope: Scope) => {
    answers.bound(scope)
    streamsRoute(scope, services)
    shardsRoute(scope, services)
    rebuildRoutes(scope, services)
    healthRoutes(scope, services)
    metricsRoute(scope, metrics)
    docsRoutes(scope)
  })
  return app
}

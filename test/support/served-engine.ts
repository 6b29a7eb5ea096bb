// The real engine on embedded storage in a temporary folder, with its API in front. Stopped when
// the test ends.
import type { FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'
import { createApp } from '../../api/app.ts'
import { showEngine } from '../../src/app/engine-gauges.ts'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { Engine } from '../../src/engine.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import { recordingLogger } from './api.ts'
import { openEmbeddedEngine } from './embedded-engine.ts'
import { temporaryFolder } from './folders.ts'

export interface ServedEngine {
  engine: Engine
  app: FastifyInstance
}

/** Call inside a test. @param yaml the definition */
export async function servedEngine(yaml: string, clock: Clock = systemClock): Promise<ServedEngine> {
  const compiled = compileDefinition(yaml)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const settings = { dataPath: temporaryFolder(), shards: 4, hotUsersMax: 1_000 }
  const logger = recordingLogger([])
  const { engine, close } = await openEmbeddedEngine(settings, compiled.definition, clock, logger)
  const registry = new Registry()
  showEngine(registry, engine, true)
  const app = createApp({ engine, clock, registry, logger })
  onTestFinished(async () => {
    await app.close()
    await close()
  })
  return { engine, app }
}

// kill -9 during an import: of the engine or of the importer, as chance has it.
import { setTimeout as pause } from 'node:timers/promises'
import type { EngineProcess } from './engine.ts'
import type { Importer } from './import.ts'
import type { Random } from './random.ts'
import { until } from './until.ts'

/**
 * Kills the engine or the importer at a random moment of the import, and starts it again.
 * @param within the moment comes within about so many actions from now; the import must have more
 * left
 */
export async function killOne(
  engine: EngineProcess,
  importer: Importer,
  random: Random,
  within: number,
): Promise<void> {
  const victim = random.below(2) === 0 ? engine : importer
  await progress(engine, importer, random.below(within))
  // Not a wait for anything: it moves the kill to any point between two batches.
  await pause(random.below(50))
  if (!importer.running) throw new Error(`the import ended before the kill:\n${importer.output}`)
  await victim.kill()
  console.log(`killed the ${victim === engine ? 'engine' : 'importer'}`)
  victim.restart()
}

/** Waits until this life of the engine has taken so many actions more than it has by now. */
async function progress(engine: EngineProcess, importer: Importer, actions: number): Promise<void> {
  const before = await acceptedActions(engine)
  await until(
    async () => (await acceptedActions(engine)) >= before + actions || !importer.running,
    () => `the import stands still:\n${importer.output}\n${engine.output}`,
  )
}

/** 0 while the engine does not answer. */
async function acceptedActions(engine: EngineProcess): Promise<number> {
  const response = await fetch(`${engine.url}/metrics`).catch(() => undefined)
  const text = response?.ok ? await response.text() : ''
  return Number(/^pulseprint_actions_total\{status="accepted"\} (\d+)/m.exec(text)?.[1] ?? 0)
}

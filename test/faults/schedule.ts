// Runs the steps of a plan one after the other until the time is up and every kind has come, and
// writes down what happened and how long it kept shards from answering.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger, Silence } from './ledger.ts'
import type { Step } from './plan.ts'
import type { Topology } from './topology.ts'

export interface Fired {
  kind: string
  silence: Silence
}

export async function runSchedule(
  plan: Iterable<Step>,
  durationMs: number,
  topology: Topology,
  ledger: Ledger,
  say: (line: string) => void,
): Promise<Fired[]> {
  const startedAt = performance.now()
  const fired: Fired[] = []
  let hadAll = false
  for (const { faults, randoms, pauseMs, isRoundEnd } of plan) {
    const silence = ledger.beginSilence()
    const runs = faults.map(async ({ kind, run }, index) => {
      fired.push({ kind, silence })
      try {
        return `${kind}: ${await run(topology, randoms[index]!)}`
      } catch (error) {
        ledger.violation(`${kind}: it did not go as it must`, (error as Error).message)
        return `${kind}: ${(error as Error).message.split('\n')[0]}`
      }
    })
    const at = ((performance.now() - startedAt) / 1_000).toFixed(1)
    const texts = await Promise.all(runs)
    say(`${at.padStart(7)} s  ${texts.join('  +  ')}`)
    hadAll ||= isRoundEnd
    if (hadAll && performance.now() - startedAt > durationMs) break
    await sleep(pauseMs)
  }
  return fired
}

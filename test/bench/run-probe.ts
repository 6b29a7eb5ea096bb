// Runs the probe in a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ProbePlan, ProbeResult } from './probe.ts'

const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url))

export interface RunningProbe {
  /**
   * Rejects, with what it said, where the probe failed: an answer was none, or a decision was lost
   * or doubled.
   */
  result: Promise<ProbeResult>
  /** Lets it end where its plan has no time. */
  stop(): void
}

export function startProbe(plan: ProbePlan): RunningProbe {
  const child = spawn(process.execPath, [PROBE, JSON.stringify(plan)], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  const result = Promise.all([text(child.stdout), text(child.stderr), ended]).then(([output, errors]) => {
    if (child.exitCode !== 0) throw new Error(`the probe failed:\n${errors}`)
    return JSON.parse(output) as ProbeResult
  })
  // It may fail long before it is waited for.
  result.catch(() => {})
  return { result, stop: () => child.stdin.end() }
}

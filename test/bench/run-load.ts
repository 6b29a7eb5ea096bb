// Runs the load in a process of its own, and says where it and the server it is aimed at may run.
import { execFile, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { LoadPlan, LoadResult } from './load.ts'
import type { OpenLoadPlan, OpenLoadResult } from './open-load.ts'

const LOAD = fileURLToPath(new URL('load.ts', import.meta.url))
const OPEN_LOAD = fileURLToPath(new URL('open-load.ts', import.meta.url))
const run = promisify(execFile)

/**
 * Reads are measured with the server on the first core and the load on the last; undefined where
 * that cannot be.
 */
export const READ_CORES = canPin() ? { server: 0, load: availableParallelism() - 1 } : undefined

/** @param core the one core that the load may use; undefined: any */
export async function runLoad(plan: LoadPlan, core?: number): Promise<LoadResult> {
  return (await runModule(LOAD, plan, core)) as LoadResult
}

/** @param core as above */
export async function runOpenLoad(plan: OpenLoadPlan, core?: number): Promise<OpenLoadResult> {
  return (await runModule(OPEN_LOAD, plan, core)) as OpenLoadResult
}

async function runModule(module: string, plan: object, core?: number): Promise<unknown> {
  const node = [process.execPath, module, JSON.stringify(plan)]
  const [command, ...args] = core === undefined ? node : ['taskset', '-c', String(core), ...node]
  const { stdout } = await run(command as string, args)
  return JSON.parse(stdout)
}

/**
 * Keeps all threads of a process on one core. Where client and server meet on a core or do not, by
 * the scheduler's luck, moves a read rate by a factor of two, and with it every ratio.
 */
export function pin(pid: number, core: number): void {
  const { status, stderr } = spawnSync('taskset', ['-apc', String(core), String(pid)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`taskset: ${stderr}`)
}

function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
}

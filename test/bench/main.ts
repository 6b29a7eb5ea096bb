// `npm run bench`: the engine, by itself and as a cluster, beside what one would write by hand and
// the limits, on this machine, as tables.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { ensureServer } from '../../deploy/servers.ts'
import { benchAgainst } from './against/bench-against.ts'
import { runOf, USAGE } from './arguments.ts'
import { Cleanup } from './cleanup.ts'
import { benchCluster } from './cluster.ts'
import { benchSides, benchSingle } from './single.ts'

const run = runOf(process.argv.slice(2))
if (!run) {
  console.error(USAGE)
  process.exit(2)
}

const { plan, only, against } = run
const cleanup = new Cleanup()
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    interrupted = true
    await cleanup.all()
    process.exit(130)
  })
}

const started = performance.now()
const seconds = () => Math.round((performance.now() - started) / 1_000)
const say = (text: string) => console.error(`[${seconds()} s] ${text}`)

try {
  const redis = execFileSync(await ensureServer('redis-server'), ['--version'], { encoding: 'utf8' })
  const machine = [
    `${availableParallelism()} cores ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Node ${process.version}`,
    `Redis ${/v=(\S+)/.exec(redis)?.[1]}, AOF on`,
    `load average at the start ${loadavg()[0]?.toFixed(2)}`,
  ]
  console.log(`${machine.join('; ')}.
`)
  if (against !== undefined) await benchAgainst(against, plan, cleanup, say)
  else if (only === 'sides') await benchSides(plan, cleanup, say)
  else {
    if (only !== 'cluster') await benchSingle(plan, cleanup, say)
    if (only !== 'single') await benchCluster(plan, cleanup, say)
  }
  console.log(`The whole run took ${seconds()} s; load average at the end ${loadavg()[0]?.toFixed(2)}.`)
} catch (error) {
  // What was being measured has been ended under its own feet.
  if (!interrupted) throw error
} finally {
  await cleanup.all()
}

// `npm run bench`: the engine, by itself and as a cluster, beside what one would write by hand and
// the limits, on this machine, as tables.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { ensureServer } from '../../deploy/servers.ts'
import { benchVersions } from './against/bench-versions.ts'
import { checkOut, OURS, ownVersion } from './against/checkout.ts'
import { runOf, USAGE } from './arguments.ts'
import { benchBodies } from './bodies.ts'
import { Cleanup } from './cleanup.ts'
import { benchCluster } from './cluster.ts'
import { benchDay } from './day/bench-day.ts'
import { benchUsers } from './many-users.ts'
import { benchSides, benchSingle } from './single.ts'

const run = runOf(process.argv.slice(2))
if (!run) {
  console.error(USAGE)
  process.exit(2)
}

const { plan, parts, against, users } = run
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
  const versions = against === undefined ? [OURS] : [ownVersion(), await checkOut(against, cleanup, say)]
  if (users !== undefined) await benchUsers(users, plan, cleanup, say)
  if (parts.includes('costs')) await benchVersions(versions, plan, cleanup, say)
  if (parts.includes('sides')) await benchSides(plan, cleanup, say)
  if (parts.includes('single')) await benchSingle(plan, cleanup, say)
  if (parts.includes('bodies')) await benchBodies(versions, plan, cleanup, say)
  if (parts.includes('cluster')) await benchCluster(plan, cleanup, say)
  if (parts.includes('day')) await benchDay(versions, plan, cleanup, say)
  console.log(`The whole run took ${seconds()} s; load average at the end ${loadavg()[0]?.toFixed(2)}.`)
} catch (error) {
  // What was being measured has been ended under its own feet.
  if (!interrupted) throw error
} finally {
  await cleanup.all()
}

// A thread that has the log open and appends one record once it is started.
import { parentPort, workerData } from 'node:worker_threads'
import { LmdbActionLog } from '../../src/adapters/lmdb/lmdb-action-log.ts'

const { place, identity, shard, go } = workerData
const log = new LmdbActionLog(place, identity)
parentPort?.postMessage('open')
Atomics.wait(go, 0, 0)
await log.append([{ shard, payload: Buffer.from('one') }])
Atomics.store(go, 0, 2)
Atomics.notify(go, 0)
await log.close()

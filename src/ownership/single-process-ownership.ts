// Ownership on one machine: the process that has the data folder owns every shard. The folder is held by a
// socket bound to its name, which the system releases when the process ends, however it ends.
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PulseprintError } from '../errors.ts'
import type { ShardOwner, ShardOwnership } from './shard-ownership.ts'

export class SingleProcessOwnership implements ShardOwnership {
  readonly node = 'local'
  readonly #lock: Server
  readonly #owners = new Map<number, ShardOwner>()

  private constructor(lock: Server) {
    this.#lock = lock
  }

  /** Errors: DATA_FOLDER_IN_USE when another process holds the folder, which must exist. */
  static async open(folder: string): Promise<SingleProcessOwnership> {
    return new SingleProcessOwnership(await bind(lockName(realpathSync(folder)), folder))
  }

  async claim(shard: number, after: number): Promise<number> {
    const epoch = Math.max(after, this.#owners.get(shard)?.epoch ?? 0) + 1
    this.#owners.set(shard, { node: this.node, epoch })
    return epoch
  }

  ownerOf(shard: number): ShardOwner | undefined {
    return this.#owners.get(shard)
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#lock.close(resolve))
  }
}

function lockName(folder: string): string {
  const name = `pulseprint-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  if (process.platform === 'linux') return `\0${name}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
}

function bind(name: string, folder: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      reject(new PulseprintError('DATA_FOLDER_IN_USE', `another process runs on the data folder ${folder}`))
    })
    server.listen(name, () => {
      server.unref()
      resolve(server)
    })
  })
}

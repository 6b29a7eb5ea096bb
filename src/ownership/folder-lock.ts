// Holds a data folder for one process: a socket bound to the folder's name, which the system
// releases when the process ends, however it ends. Where its name is that of a file, a killed
// process leaves the file behind, and nobody answers at it.
import { createHash } from 'node:crypto'
import { realpathSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PulseprintError } from '../errors.ts'

export interface FolderLock {
  release(): Promise<void>
}

/** Takes the folder, which must exist. Errors: DATA_FOLDER_IN_USE when another process holds it. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const name = lockName(realpathSync(folder))
  if (isFile(name) && (await isDeserted(name))) rmSync(name, { force: true })
  const server = await bind(name, folder)
  return { release: () => new Promise((resolve) => server.close(() => resolve())) }
}

function lockName(folder: string): string {
  const name = `pulseprint-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  if (process.platform === 'linux') return `\0${name}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
}

function isFile(name: string): boolean {
  return !name.startsWith('\0') && !name.startsWith('\\\\.\\pipe\\')
}

/** True if the file is there and no process listens at it any more. */
function isDeserted(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(name)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
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

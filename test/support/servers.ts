// Starts real servers for tests and benchmarks: each on a free port, in a temporary folder, gone after stop().
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensureServer } from '../../deploy/servers.ts'

export interface RunningServer {
  host: '127.0.0.1'
  port: number
  /** Ends the process and removes its folder. */
  stop(): Promise<void>
}

/** `options` are Redis settings by name, such as `{ appendonly: 'yes', appendfsync: 'everysec' }`. Persists nothing by default. */
export async function startRedis(options: Record<string, string> = {}): Promise<RunningServer> {
  const binary = await ensureServer('redis-server')
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-redis-'))
  const port = await freePort()
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: folder,
    save: '',
    appendonly: 'no',
    ...options,
  }
  const child = spawn(
    binary,
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilItSays(child, 'Ready to accept connections')
  } catch (error) {
    await stop()
    throw error
  }
  return { host: '127.0.0.1', port, stop }
}

/** A port that was free a moment ago; the kernel hands out others first before it repeats one. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('the probe had no port')
  return address.port
}

async function untilItSays(child: ChildProcess, words: string): Promise<void> {
  const said: string[] = []
  if (child.stdout === null) throw new Error('the server has no output to wait for')
  const lines = createInterface({ input: child.stdout })
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (said.length < 50) said.push(line)
      if (line.includes(words)) resolve()
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said.join('\n')}`)))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

// Looks at how a Redis keeps what it has confirmed. INFO is asked first: managed servers often
// refuse CONFIG.
import { Cluster, type Redis } from 'ioredis'
import { PulseprintError } from '../../errors.ts'
import type { RedisClient } from './redis-scripts.ts'

/**
 * Errors: STORE_MISMATCH if a server would drop our keys when its memory is full; they carry no
 * expiry, so `volatile-…` spares them.
 */
export async function refuseEviction(client: RedisClient): Promise<void> {
  for (const server of serversOf(client)) {
    const policy = field(await server.info('memory'), 'maxmemory_policy')
    if (!policy?.startsWith('allkeys-')) continue
    throw new PulseprintError(
      'STORE_MISMATCH',
      `Redis at ${nameOf(server)} drops profiles when its memory is full: set maxmemory-policy to noeviction, not ${policy}`,
    )
  }
}

/** One sentence per weakness and server. */
export async function redisWarnings(client: RedisClient): Promise<string[]> {
  const found = await Promise.all(serversOf(client).map(warningsOf))
  return found.flat()
}

async function warningsOf(server: Redis): Promise<string[]> {
  const persistence = await server.info('persistence')
  const memory = await server.info('memory')
  const warnings: string[] = []
  const warn = (text: string) => warnings.push(`Redis at ${nameOf(server)}: ${text}`)
  if (field(persistence, 'aof_enabled') !== '1') {
    warn(
      'appendonly is off: a restart loses profiles, which are then replayed from the log as far as it reaches back',
    )
  } else {
    const appendfsync = await setting(server, 'appendfsync')
    if (appendfsync === undefined) warn('appendfsync cannot be read: it should be always or everysec')
    if (appendfsync === 'no')
      warn('appendfsync is no: a power cut may lose half a minute; set everysec or always')
    if (field(persistence, 'aof_last_write_status') === 'err')
      warn('the last write of the AOF failed: see its log')
  }
  if (field(memory, 'maxmemory') === '0')
    warn('maxmemory is not set: the system may kill it when memory runs out')
  return warnings
}

/** Undefined if the server does not let us read its settings. */
async function setting(server: Redis, name: string): Promise<string | undefined> {
  const reply = (await server.config('GET', name).catch(() => [])) as string[]
  return reply[1]
}

function serversOf(client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client]
}

function nameOf({ options }: Redis): string {
  return `${options.host}:${options.port}`
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1]
}

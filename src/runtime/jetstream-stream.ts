// Makes the JetStream streams of a store where they are missing, and checks those that are there: whose they are, and
// that nobody has changed what the store relies on.
import { setTimeout as sleep } from 'node:timers/promises'
import { JetStreamApiError, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream'
import { PulseprintError } from '../errors.ts'
import { checkStoreIdentity, type StoreIdentity } from '../model/store-identity.ts'
import type { Logger } from './logger.ts'

const IDENTITY = 'pulseprint-identity'
/** How long a cluster that has just started, or is electing a leader, may take. */
const PATIENCE_MS = 15_000
const RETRY_MS = 250
/** What an operator may have set otherwise; the store then works on, but not as its settings say. */
const WATCHED = ['num_replicas', 'max_bytes', 'max_msgs', 'max_age', 'discard', 'storage'] as const

export type WantedStream = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>

/**
 * Errors: STORE_MISMATCH when the stream was made with another identity, or by another program; STORAGE_UNAVAILABLE.
 * @param identity kept with the stream
 */
export async function ensureStream<Identity extends StoreIdentity>(
  manager: JetStreamManager,
  wanted: WantedStream,
  identity: Identity,
  logger: Logger,
): Promise<void> {
  const { name } = wanted
  const metadata = { [IDENTITY]: JSON.stringify(identity) }
  const { config } = await patiently(async () => {
    const found = await manager.streams.info(name).catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    return found ?? manager.streams.add({ ...wanted, metadata })
  }, name)
  const text = config.metadata?.[IDENTITY]
  const found = {
    get: () => (text === undefined ? undefined : JSON.parse(text)),
    putSync() {
      throw new PulseprintError('STORE_MISMATCH', `the stream ${name} was made by another program`)
    },
  }
  checkStoreIdentity(found, identity, `the stream ${name}`)
  for (const key of WATCHED) {
    if (wanted[key] === undefined || wanted[key] === config[key]) continue
    logger.warn('a stream is set otherwise than wanted', {
      stream: name,
      setting: key,
      found: config[key],
      wanted: wanted[key],
    })
  }
}

async function patiently<Result>(attempt: () => Promise<Result>, name: string): Promise<Result> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      // A refusal for what was asked stays one; all else may pass.
      const refused = error instanceof JetStreamApiError && error.status < 500
      if (refused || performance.now() > deadline) {
        throw new PulseprintError(
          'STORAGE_UNAVAILABLE',
          `the stream ${name} cannot be had: ${(error as Error).message}`,
        )
      }
      await sleep(RETRY_MS)
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404
}

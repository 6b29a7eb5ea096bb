// Makes the JetStream streams of a store if they are missing. If they are there, it checks whose they
// are, and that nobody has changed the settings that the store relies on.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { PulseprintError } from '../../../errors.ts'
import { checkStoreIdentity, type StoreIdentity } from '../../../model/store-identity.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { isMissing } from './jetstream-ask.ts'

const IDENTITY = 'pulseprint-identity'
/** How long a cluster that has just started, or is electing a leader, may take. */
const PATIENCE_MS = 15_000
const RETRY_MS = 250
/** The server's error if it is not one of a cluster and was asked for several replicas. */
const REPLICAS_WITHOUT_CLUSTER = 10_074
/** The server's error while too few servers of its cluster are there. */
const NO_PEERS = 10_005
/**
 * Settings that an operator may have changed. The store then works, but not as its own settings say.
 */
const WATCHED = ['num_replicas', 'max_bytes', 'max_msgs', 'max_age', 'discard', 'storage'] as const

export type WantedStream = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>

/**
 * Gives what the server says of the stream. Errors: STORE_MISMATCH when it was made with another
 * identity, or by another program; STORAGE_UNAVAILABLE.
 * @param identity kept with the stream
 */
export async function ensureStream<Identity extends StoreIdentity>(
  manager: JetStreamManager,
  wanted: WantedStream,
  identity: Identity,
  logger: Logger,
): Promise<StreamInfo> {
  const metadata = { [IDENTITY]: JSON.stringify(identity) }
  const { name } = wanted
  const info = await patiently(wanted, logger, async () => {
    const found = await manager.streams.info(name).catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    return found ?? manager.streams.add({ ...wanted, metadata })
  })
  const { config } = info
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
    logger.warn('a stream has other settings than this engine wants', {
      stream: name,
      setting: key,
      found: config[key],
      wanted: wanted[key],
    })
  }
  return info
}

async function patiently<Result>(
  wanted: WantedStream,
  logger: Logger,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + PATIENCE_MS
  let waits = false
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (isRefusal(error) || performance.now() > deadline) {
        const why = reason(error as Error, wanted)
        throw new PulseprintError('STORAGE_UNAVAILABLE', `the stream ${wanted.name} cannot be had: ${why}`)
      }
      if (!waits) logger.info('waiting for JetStream', { stream: wanted.name, error })
      waits = true
      await sleep(RETRY_MS)
    }
  }
}

/** A refusal for what was asked stays one; all else may pass, also a server that is not there yet. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError) || error.code === NO_PEERS) return false
  return error.status < 500 || error.code === REPLICAS_WITHOUT_CLUSTER
}

function reason(error: Error, { num_replicas }: WantedStream): string {
  if (!(error instanceof JetStreamApiError) || error.code !== REPLICAS_WITHOUT_CLUSTER) return error.message
  return `the NATS server is not one of a cluster and keeps no ${num_replicas} replicas; set PULSEPRINT_REPLICAS to 1, or name the servers of a cluster`
}

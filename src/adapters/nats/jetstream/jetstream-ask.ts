// Asks JetStream for something and turns what goes wrong with it into an error of ours.
import { setTimeout as sleep } from 'node:timers/promises'
import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { PulseprintError } from '../../../errors.ts'

/** How long a server may not know a stream that was made through another one. */
const UNKNOWN_MAX_MS = 5_000
const RETRY_MS = 100

/** Errors: STORAGE_UNAVAILABLE with the server's or the client's reason. */
export async function asked<Answer>(answer: Promise<Answer>, failure: string): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    throw new PulseprintError('STORAGE_UNAVAILABLE', `${failure}: ${(error as Error).message}`)
  }
}

/** What the servers say of a stream that was made. Errors: as above. */
export function askedOfStream(manager: JetStreamManager, name: string, failure: string): Promise<StreamInfo> {
  return asked(onceKnown(manager, name), failure)
}

async function onceKnown(manager: JetStreamManager, name: string): Promise<StreamInfo> {
  const deadline = performance.now() + UNKNOWN_MAX_MS
  for (;;) {
    try {
      return await manager.streams.info(name)
    } catch (error) {
      if (!isMissing(error) || performance.now() > deadline) throw error
    }
    await sleep(RETRY_MS)
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404
}

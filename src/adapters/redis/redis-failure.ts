// Says in our own words why a call to Redis failed. The client's words speak of its options.
import { ReplyError } from 'ioredis'
import { PulseprintError } from '../../errors.ts'

/**
 * Never holds more of the error than its message: the error of ioredis has the command, credentials
 * and profiles included.
 * @param place addresses of the servers, masked
 */
export function redisFailure(error: unknown, place: string): PulseprintError {
  if (error instanceof PulseprintError) return error
  return new PulseprintError('STORAGE_UNAVAILABLE', `Redis at ${place} ${whatHappened(error)}`)
}

function whatHappened(error: unknown): string {
  if (!(error instanceof Error)) return `did not take the call: ${error}`
  if (error instanceof ReplyError) return `refused the call: ${error.message}`
  // The call was sent, and the connection broke before its reply came.
  if (error.name === 'MaxRetriesPerRequestError') return 'gave no answer'
  // Every other plain error of the client says why there is no connection.
  if (error.name === 'Error' || error.name === 'ClusterAllFailedError') return 'is not connected'
  return `did not take the call: ${error.message}`
}

export function overtaken(shard: number): PulseprintError {
  return new PulseprintError(
    'STORAGE_UNAVAILABLE',
    `the commit of shard ${shard} was overtaken by a later one`,
  )
}

export function fenced(shard: number, epoch: number, why: string): PulseprintError {
  return new PulseprintError('FENCED', `epoch ${epoch} of shard ${shard} does not hold: ${why}`)
}

export function lost(shard: number, epoch: number): PulseprintError {
  return fenced(
    shard,
    epoch,
    'Redis has lost commits that it had confirmed; the shard must be claimed and replayed anew',
  )
}

// What a store was made for. Users are dealt to shards by hash, so a store made with another hash,
// shard count or format must be refused, not misread.
import { PulseprintError } from '../errors.ts'
import { HASH_VERSION } from './hash.ts'

const STORE_FORMAT = 1

export interface StoreIdentity {
  format: number
  shards: number
  hashVersion: number
}

/** Of the stores that this version of the program makes. */
export function storeIdentity(shards: number): StoreIdentity {
  return { format: STORE_FORMAT, shards, hashVersion: HASH_VERSION }
}

/** The few calls a store needs for its identity; LMDB databases have them. */
export interface IdentityStore {
  get(key: string): unknown
  putSync(key: string, value: unknown): unknown
}

/** Which setting each part comes from; the others are the program's own. */
const SETTINGS: Record<string, string> = { shards: 'PULSEPRINT_SHARDS', streams: 'PULSEPRINT_LOG_STREAMS' }

/**
 * Writes the identity into a new store; throws STORE_MISMATCH, with the settings to look at, if the
 * store has another one.
 */
export function checkStoreIdentity(store: IdentityStore, wanted: StoreIdentity, place: string): void {
  const found = store.get('identity') as StoreIdentity | undefined
  if (!found) {
    store.putSync('identity', wanted)
    return
  }
  const differing = (Object.keys(wanted) as (keyof StoreIdentity)[]).filter(
    (key) => found[key] !== wanted[key],
  )
  if (differing.length === 0) return
  const details = differing
    .map((key) => `${key} is ${found[key]}, wanted ${wanted[key]} by ${SETTINGS[key] ?? 'this program'}`)
    .join('; ')
  throw new PulseprintError('STORE_MISMATCH', `the data in ${place} was made with other settings: ${details}`)
}

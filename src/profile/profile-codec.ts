// The stored form of a profile: its numbers as they are, each in as few bytes as it takes. It is
// valid for one definition only, because sections are told apart by their place. The snapshot store
// keeps the definition's fingerprint, and a new one means a rebuild from the log.
import type { Definition } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import { fitsChecksum, Reader, Writer } from '../numbers/codec.ts'
import { pruneAll } from './apply.ts'
import { readLifecycleState, writeLifecycleState } from './lifecycle-state-codec.ts'
import { hasStanding, type Profile, sectionsOf } from './profile.ts'

const FORMAT = 3
const writer = new Writer()

/** Encodes the profile, after pruning it. */
export function encodeProfile(definition: Definition, profile: Profile): Buffer {
  pruneAll(definition, profile)
  writer.number(FORMAT)
  writer.number(profile.sequence)
  writer.number(profile.newestAt)
  writer.sections(profile.numbers)
  if (profile.standing) writeLifecycleState(writer, profile.standing)
  writer.checksum()
  return writer.take()
}

/** Errors: DATA_DAMAGED. */
export function decodeProfile(definition: Definition, bytes: Buffer): Profile {
  if (!fitsChecksum(bytes)) {
    throw new PulseprintError(
      'DATA_DAMAGED',
      'a stored profile is damaged: its bytes do not fit their checksum',
    )
  }
  const reader = new Reader(bytes)
  const format = reader.number()
  if (format !== FORMAT)
    throw new Error(`a stored profile has format ${format}; this version reads ${FORMAT}`)
  return {
    sequence: reader.number(),
    newestAt: reader.number(),
    numbers: reader.sections(sectionsOf(definition)),
    standing: hasStanding(definition) ? readLifecycleState(reader) : undefined,
  }
}

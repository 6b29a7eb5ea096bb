// Unpacks request bodies. The unpacked size is bounded while unpacking, so that a small bomb stays
// small.
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { PulseprintError } from '../src/errors.ts'

type Unpack = (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const UNPACK: Record<string, Unpack> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  // Clients disagree whether `deflate` has the zlib header; its first byte tells.
  deflate: (packed, options) => (((packed[0] ?? 0) & 15) === 8 ? unzlib : unraw)(packed, options),
}
const unzlib: Unpack = promisify(inflate)
const unraw: Unpack = promisify(inflateRaw)

/**
 * Most bodies unpack to less than this many times their size, or this many bytes: for them, one try
 * is enough.
 */
const RATIO = 16
const SMALL_BYTES = 64 * 1024

/**
 * @param encoding the Content-Encoding header
 * @param sizeMax bytes after unpacking
 * @param reserve called before so many bytes are unpacked, and with their number afterwards. May
 * throw. Throws UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY (also for a truncated body) or
 * BODY_TOO_LARGE.
 */
export async function decompress(
  packed: Buffer,
  encoding: string,
  sizeMax: number,
  reserve: (bytes: number) => void,
): Promise<Buffer> {
  const name = encoding.trim().toLowerCase()
  if (name === 'identity') return packed
  const unpack = Object.hasOwn(UNPACK, name) ? UNPACK[name] : undefined
  if (!unpack) {
    throw new PulseprintError('UNSUPPORTED_MEDIA_TYPE', 'the content encodings are gzip, deflate and br')
  }
  const tries = [Math.min(sizeMax, Math.max(SMALL_BYTES, RATIO * packed.length)), sizeMax]
  for (const maxOutputLength of new Set(tries)) {
    reserve(maxOutputLength)
    try {
      const unpacked = await unpack(packed, { maxOutputLength })
      reserve(unpacked.length)
      return unpacked
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') continue
      throw new PulseprintError('MALFORMED_BODY', `the body is not complete, valid ${name}`)
    }
  }
  throw bodyTooLarge(sizeMax)
}

export function bodyTooLarge(sizeMax: number): PulseprintError {
  return new PulseprintError('BODY_TOO_LARGE', `a body may have ${sizeMax} bytes, unpacked`)
}

// Unpacks request bodies. The unpacked size is bounded while unpacking, so that a small bomb stays small.
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
 * @param encoding the Content-Encoding header
 * @param sizeMax bytes after unpacking
 * Throws UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY (also for a truncated body) or BODY_TOO_LARGE.
 */
export async function decompress(packed: Buffer, encoding: string, sizeMax: number): Promise<Buffer> {
  const name = encoding.trim().toLowerCase()
  if (name === 'identity') return packed
  const unpack = Object.hasOwn(UNPACK, name) ? UNPACK[name] : undefined
  if (!unpack) {
    throw new PulseprintError('UNSUPPORTED_MEDIA_TYPE', 'the content encodings are gzip, deflate and br')
  }
  try {
    return await unpack(packed, { maxOutputLength: sizeMax })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(sizeMax)
    throw new PulseprintError('MALFORMED_BODY', `the body is not complete, valid ${name}`)
  }
}

export function bodyTooLarge(sizeMax: number): PulseprintError {
  return new PulseprintError('BODY_TOO_LARGE', `a body may have ${sizeMax} bytes, unpacked`)
}

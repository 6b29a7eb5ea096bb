// Unpacks request bodies. The unpacked bytes are bounded and charged as they appear, so that a
// small bomb stays small.
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { PulseprintError } from '../src/errors.ts'

type Unpacker = (packed: Buffer, options: { chunkSize: number }) => Transform

const UNPACKERS: Record<string, Unpacker> = {
  gzip: (_, options) => createGunzip(options),
  'x-gzip': (_, options) => createGunzip(options),
  br: (_, options) => createBrotliDecompress(options),
  // Clients disagree whether `deflate` has the zlib header; its first byte tells.
  deflate: (packed, options) =>
    ((packed[0] ?? 0) & 15) === 8 ? createInflate(options) : createInflateRaw(options),
}

/** Most bodies unpack to less than this many times their size: one chunk takes them. */
const RATIO = 16
const CHUNK_BYTES_MIN = 1024
const CHUNK_BYTES_MAX = 256 * 1024

/**
 * Errors: UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY (also for a truncated body), BODY_TOO_LARGE.
 * @param encoding the Content-Encoding header
 * @param sizeMax bytes after unpacking
 * @param charge called with the number of further bytes before they are kept; may throw
 */
export async function decompress(
  packed: Buffer,
  encoding: string,
  sizeMax: number,
  charge: (bytes: number) => void,
): Promise<Buffer> {
  const name = encoding.trim().toLowerCase()
  if (name === 'identity') return packed
  const unpacker = Object.hasOwn(UNPACKERS, name) ? UNPACKERS[name] : undefined
  if (!unpacker) {
    throw new PulseprintError('UNSUPPORTED_MEDIA_TYPE', 'the content encodings are gzip, deflate and br')
  }
  const chunkSize = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, RATIO * packed.length))
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of unpacker(packed, { chunkSize }).end(packed)) {
      size += chunk.length
      if (size > sizeMax) throw bodyTooLarge(sizeMax)
      charge(chunk.length)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof PulseprintError) throw error
    throw new PulseprintError('MALFORMED_BODY', `the body is not complete, valid ${name}`)
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)
}

export function bodyTooLarge(sizeMax: number): PulseprintError {
  return new PulseprintError('BODY_TOO_LARGE', `a body may have ${sizeMax} bytes, unpacked`)
}

// The input of an import as text: a file or standard input, unpacked if it is gzip, checked to be
// UTF-8.
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { CliError, EXIT, fileError } from '../../cli-error.ts'

export interface Input {
  /** As it is shown to people. */
  label: string
  /** Bytes of the file as it lies there; undefined for standard input. */
  bytesTotal: number | undefined
  open(): Readable
}

export interface FileInput extends Input {
  bytesTotal: number
  /** The file's own name, as it may stand in names of files and in ids. */
  name: string
  /** Its first bytes: with the name, they say which file it is, wherever it lies. */
  head: Buffer
}

const HEAD_BYTES = 64 * 1024
const CHUNK_BYTES = 64 * 1024

export const STANDARD_INPUT: Input = { label: 'stdin', bytesTotal: undefined, open: () => process.stdin }

/** Throws CliError if the file cannot be read, is a folder or is empty. */
export function openFile(path: string): FileInput {
  try {
    const file = openSync(path, 'r')
    try {
      const stats = fstatSync(file)
      if (stats.isDirectory()) throw new CliError(`${path}: this is a directory, not a file`, EXIT.usage)
      const head = Buffer.alloc(HEAD_BYTES)
      const length = readSync(file, head, 0, HEAD_BYTES, 0)
      if (length === 0) throw new CliError(`${path}: the file is empty`)
      return {
        label: path,
        bytesTotal: stats.size,
        name: basename(path)
          .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
          .slice(0, 60),
        head: head.subarray(0, length),
        open: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }),
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw error instanceof CliError ? error : fileError(path, error)
  }
}

/**
 * The text in pieces. Throws CliError if the gzip data or the encoding is broken.
 * @param onBytes called with the bytes read from the input itself, before unpacking
 */
export async function* readTexts(input: Input, onBytes: (count: number) => void): AsyncGenerator<string> {
  const raw = input.open()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const bytes of unpacked(raw, onBytes)) {
      const text = decoder.decode(bytes, { stream: true })
      if (text !== '') yield text
    }
    const rest = decoder.decode()
    if (rest !== '') yield rest
  } catch (error) {
    throw readError(input.label, error)
  } finally {
    raw.destroy()
  }
}

async function* unpacked(raw: Readable, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  const chunks = counted(raw, onBytes)
  const first = await chunks.next()
  if (first.done) return
  const all = Readable.from(prepend(first.value, chunks), { objectMode: false })
  // Known by its first two bytes, whatever the file is called.
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b
  const target = packed ? createGunzip({ chunkSize: CHUNK_BYTES }) : new PassThrough()
  // The same error also ends the loop below, which throws it.
  pipeline(all, target).catch(() => {})
  yield* target
}

async function* counted(raw: Readable, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of raw) {
    onBytes(chunk.length)
    yield chunk
  }
}

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first
  yield* rest
}

function readError(label: string, error: unknown): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'Z_BUF_ERROR':
      return new CliError(`${label}: the gzip data ends too early; the file seems to be cut short`)
    case 'Z_DATA_ERROR':
      return new CliError(`${label}: the gzip data is damaged`)
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return new CliError(
        `${label}: the text is not UTF-8. Convert it first, for example: iconv -f WINDOWS-1252 -t UTF-8`,
      )
    case 'EISDIR':
    case 'EACCES':
    case 'EIO':
      return fileError(label, error)
    default:
      return error
  }
}

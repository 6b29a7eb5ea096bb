// The API keys of a node: read once from a file, kept as hashes only. A key is never logged or
// shown.
import { createHash, timingSafeEqual } from 'node:crypto'
import { PulseprintError } from '../errors.ts'

const KEY_LENGTH_MIN = 16
const LINE = /^([\w.-]{1,64})[ \t]+(\S+)$/

export interface ApiKeys {
  /**
   * Name of the key, or undefined if it is none of ours. Takes the same time for every wrong key.
   */
  nameOf(key: string): string | undefined
}

/**
 * Reads a key file: one `name key` per line, `#` begins a comment line. Keys have at least 16
 * characters.
 * @param path of the file, for messages Errors: INVALID_KEY_FILE with the numbers of all bad lines.
 */
export function readApiKeys(text: string, path: string): ApiKeys {
  const hashes = new Map<string, Buffer>()
  const bad: number[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [, name, key] = LINE.exec(trimmed) ?? []
    if (name === undefined || key === undefined || key.length < KEY_LENGTH_MIN || hashes.has(name))
      bad.push(index + 1)
    else hashes.set(name, sha256(key))
  }
  if (bad.length > 0) {
    const message = `${path}: line ${bad.join(', ')}: must be "name key", each name once, each key of ${KEY_LENGTH_MIN} characters or more`
    throw new PulseprintError('INVALID_KEY_FILE', message)
  }
  if (hashes.size === 0) throw new PulseprintError('INVALID_KEY_FILE', `${path} holds no key`)
  return { nameOf: (key) => nameOf(hashes, sha256(key)) }
}

function nameOf(hashes: Map<string, Buffer>, sent: Buffer): string | undefined {
  let found: string | undefined
  for (const [name, hash] of hashes) if (timingSafeEqual(hash, sent)) found = name
  return found
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

// The bytes of a call or an answer between nodes: one MessagePack array each, so one message can
// hold several in a row. A call is [id, method, parameters]. An answer is [id, nil, result] or [id,
// nil, nil, error].
import { Packr } from 'msgpackr'
import type { Answer, Call, CallMessage, PortableError } from './call-protocol.ts'

const packr = new Packr({ useRecords: false })

/** Throws if a parameter has no encoding, for example a function. */
export function encodeCall({ id, method, parameters }: Call): Uint8Array {
  return packr.pack([id, method, parameters])
}

/** Throws if the result has no encoding. */
export function encodeAnswer({ id, result, error }: Answer): Uint8Array {
  return packr.pack(error ? [id, null, null, error] : [id, null, result])
}

/**
 * Byte arrays in the result are views of `bytes`. Throws if the bytes are not a row of calls and
 * answers.
 */
export function decodeMessages(bytes: Uint8Array): CallMessage[] {
  return (packr.unpackMultiple(bytes) as unknown[]).map(messageOf)
}

function messageOf(value: unknown): CallMessage {
  if (!Array.isArray(value) || typeof value[0] !== 'number') throw new Error('neither a call nor an answer')
  const [id, method, content, error] = value as [number, unknown, unknown, unknown]
  if (method === null) return error === undefined ? { id, result: content } : { id, error: errorOf(error) }
  if (typeof method !== 'string' || !Array.isArray(content)) throw new Error('not a call')
  return { id, method, parameters: content }
}

function errorOf(value: unknown): PortableError {
  if (typeof (value as PortableError | null)?.message !== 'string') throw new Error('not an error')
  return value as PortableError
}

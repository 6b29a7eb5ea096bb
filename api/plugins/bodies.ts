// Receives request bodies as bytes: bounded, unpacked, and of the media types that a scope accepts.
// What the bytes mean is the route's business.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'
import type { TurnBudget } from '../../src/runtime/turn-budget.ts'
import { bodyTooLarge, decompress } from '../decompress.ts'
import { parseJson } from '../json-body.ts'
import { type BodyCharge, chargeOf } from './bodies-in-flight.ts'

export const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json(;|$)/
export const NDJSON_TYPE = /^application\/(x-)?(ndjson|jsonlines)(;|$)/
export const ANY_TYPE = '*'

type MediaType = RegExp | typeof ANY_TYPE

/** Routes of this scope get their body as a Buffer. */
export function receiveBytes(scope: FastifyInstance, types: MediaType[], sizeMax: number): void {
  receive(scope, types, sizeMax, (bytes) => bytes)
}

/**
 * Takes the body out of such a request, so that nothing holds it after it was read. Errors:
 * MALFORMED_BODY if there is none.
 */
export function bodyOf(request: FastifyRequest): Buffer {
  const body = request.body as Buffer | undefined
  if (!body || body.length === 0) throw new PulseprintError('MALFORMED_BODY', 'the request has no body')
  request.body = undefined
  return body
}

/** A smaller body is read in well under a millisecond. */
const LARGE_BYTES = 8 * 1024

/** Reads the body of such a request: a large one when the event loop has time for it. */
export function readInTurn<T>(
  request: FastifyRequest,
  turns: TurnBudget,
  read: (body: Buffer) => T,
): T | Promise<Awaited<T>> {
  const body = bodyOf(request)
  return body.length > LARGE_BYTES ? turns.run(() => read(body)) : read(body)
}

/** Routes of this scope get their JSON body parsed. */
export function receiveJson(scope: FastifyInstance, sizeMax: number): void {
  receive(scope, [JSON_TYPE], sizeMax, parseJson)
}

function receive(
  scope: FastifyInstance,
  types: MediaType[],
  sizeMax: number,
  read: (bytes: Buffer) => unknown,
): void {
  scope.removeAllContentTypeParsers()
  for (const type of types) {
    scope.addContentTypeParser(type, { bodyLimit: sizeMax }, async (request: FastifyRequest) => {
      const charge = chargeOf(request)
      const bytes = await receiveAll(request, charge, sizeMax)
      const encoding = request.headers['content-encoding']
      if (encoding === undefined) return read(bytes)
      const unpacked = await decompress(bytes, encoding, sizeMax, (more) => charge.add(more))
      if (unpacked !== bytes) charge.release(bytes.length)
      return read(unpacked)
    })
  }
}

/**
 * Every byte that arrives. Errors: BODY_TOO_LARGE, OVERLOADED, REQUEST_TIMEOUT; the rest of the
 * body is then read and thrown away.
 */
function receiveAll({ raw }: FastifyRequest, charge: BodyCharge, sizeMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(raw.headers['content-length']) > sizeMax) return reject(bodyTooLarge(sizeMax))
    const chunks: Buffer[] = []
    let size = 0
    const end = (error: Error) => {
      charge.onTooSlow = undefined
      raw.off('data', take).off('end', finish).resume()
      reject(error)
    }
    const take = (chunk: Buffer) => {
      size += chunk.length
      try {
        if (size > sizeMax) throw bodyTooLarge(sizeMax)
        charge.add(chunk.length)
      } catch (error) {
        end(error as Error)
        return
      }
      chunks.push(chunk)
    }
    const finish = () => {
      charge.onTooSlow = undefined
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size))
    }
    charge.onTooSlow = end
    const broken = () => end(new PulseprintError('MALFORMED_BODY', 'the connection ended within the body'))
    raw.on('data', take).once('end', finish).once('error', broken)
  })
}

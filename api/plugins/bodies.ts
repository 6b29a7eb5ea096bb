// Receives request bodies as bytes: bounded, unpacked, and of the media types a scope asks for.
// What the bytes mean is the route's business.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'
import { decompress } from '../decompress.ts'
import { parseJson } from '../json-body.ts'
import { reserveOf } from './bodies-in-flight.ts'

export const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json(;|$)/
export const NDJSON_TYPE = /^application\/(x-)?(ndjson|jsonlines)(;|$)/
export const ANY_TYPE = '*'

type MediaType = RegExp | typeof ANY_TYPE

/** Routes of this scope get their body as a Buffer. */
export function receiveBytes(scope: FastifyInstance, types: MediaType[], sizeMax: number): void {
  receive(scope, types, sizeMax, (bytes) => bytes)
}

/**
 * Takes the body of such a request, so that nothing holds it any longer than it is read. Errors:
 * MALFORMED_BODY when there is none.
 */
export function bodyOf(request: FastifyRequest): Buffer {
  const body = request.body as Buffer | undefined
  if (!body || body.length === 0) throw new PulseprintError('MALFORMED_BODY', 'the request has no body')
  request.body = undefined
  return body
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
    scope.addContentTypeParser(
      type,
      { parseAs: 'buffer', bodyLimit: sizeMax },
      (request: FastifyRequest, bytes: Buffer, done) => {
        const encoding = request.headers['content-encoding']
        if (encoding === undefined) done(null, read(bytes))
        else {
          decompress(bytes, encoding, sizeMax, reserveOf(request))
            .then(read)
            .then((body) => done(null, body), done)
        }
      },
    )
  }
}

// The OpenAPI document, made from the schemas of the routes, and the page that shows it to people.
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { type ApiDocument, docsPage } from '../docs/page.ts'
import { Problem } from '../problem.ts'
import { Action, Receipt } from '../schemas/actions.ts'
import { problems, text } from '../schemas/answers.ts'
import { sendJson } from '../scope.ts'

/** Call it before any route is added, because it collects their schemas. */
export function describeApi(app: FastifyInstance): void {
  for (const schema of [Problem, Action, Receipt]) app.addSchema(schema)
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Pulseprint',
        version: '1',
        description: 'User actions in, exact live profiles out.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          apiKey: {
            type: 'http',
            scheme: 'bearer',
            description: 'Where the engine was started with API keys.',
          },
          writeKey: {
            type: 'http',
            scheme: 'basic',
            description: "The key as user name, as Segment's clients send it.",
          },
        },
      },
      security: [{}, { apiKey: [] }, { writeKey: [] }],
      tags: [
        { name: 'write', description: 'Send what users did.' },
        { name: 'read', description: 'Ask what is known about them, now or as of an instant.' },
        { name: 'operate', description: 'See how the engine is.' },
      ],
    },
    refResolver: { buildLocalReference: (schema) => String(schema.$id) },
  })
}

/** The pages run no script and no other page may frame them. They send no referrer. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

export function docsRoutes(app: FastifyInstance): void {
  // Made once, when the first reader asks, because every route is there by then.
  let documentText: string | undefined
  let pageText: string | undefined
  const document = {
    summary: 'The OpenAPI document',
    tags: ['operate'],
    response: { 200: { type: 'object' }, ...problems() },
  }
  app.get('/openapi.json', { schema: document }, (_request, reply) => {
    documentText ??= JSON.stringify(app.swagger())
    sendJson(reply, documentText)
  })

  const page = {
    summary: 'This API for people',
    tags: ['operate'],
    response: { 200: text('A page.', 'text/html'), ...problems() },
  }
  app.get('/docs', { schema: page }, (_request, reply) => {
    pageText ??= docsPage(app.swagger() as unknown as ApiDocument)
    reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(pageText)
  })

  app.get('/', { schema: { hide: true } }, (_request, reply) => {
    reply.send(
      'Pulseprint: user actions in, live profiles out.\nThe API: /docs, /openapi.json\nHealth: /readyz, /metrics\n',
    )
  })
}

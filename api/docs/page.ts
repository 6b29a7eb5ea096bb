// The page at /docs: the OpenAPI document for people, in one piece of HTML without scripts or
// foreign parts.
import { ERRORS } from '../../src/errors.ts'
import { ERROR_CODES } from '../problem.ts'
import { type Html, html, prose } from './html.ts'
import { type Operation, operationId, operationSection } from './operation.ts'
import { fieldsTable, type Schema } from './schema.ts'
import { STYLE } from './style.ts'

/** The parts of an OpenAPI document that the page shows. */
export interface ApiDocument {
  info: { title: string; description?: string }
  tags?: { name: string; description?: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

export function docsPage(document: ApiDocument): string {
  const { info, tags = [], components } = document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const tagged = tags.map((tag) => ({
    ...tag,
    operations: operations.filter(({ operation }) => operation.tags?.includes(tag.name)),
  }))
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} API</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<nav aria-label="Contents">
<b class="brand">${info.title}</b>
${tagged.map((tag) => html`<h2>${tag.name}</h2><ul>${tag.operations.map(navItem)}</ul>`)}
<h2>shapes</h2><ul>${Object.keys(components.schemas).map((name) => html`<li><a href="#schema-${name}">${name}</a></li>`)}<li><a href="#errors">Errors</a></li></ul>
</nav>
<main>
<h1>${info.title} API</h1>
<p class="lead">${info.description} Also as <a href="/openapi.json">OpenAPI</a>.</p>
${tagged.map((tag) => html`<h2>${tag.name}</h2><p>${tag.description}</p>${tag.operations.map(({ method, path, operation }) => operationSection(method, path, operation))}`)}
<h2>shapes</h2>
${Object.entries(components.schemas).map(shapeSection)}
${errorSection()}
</main>
</body>
</html>
`.markup
}

function navItem({ method, path }: { method: string; path: string }): Html {
  return html`<li><a href="#${operationId(method, path)}"><span class="method ${method}">${method.toUpperCase()}</span> ${path}</a></li>`
}

function shapeSection([name, schema]: [string, Schema]): Html {
  const examples = (schema.examples ?? []).map(
    (example) => html`<pre><code>${JSON.stringify(example, null, 2)}</code></pre>`,
  )
  return html`<section id="schema-${name}"><h3>${name}</h3><p>${prose(schema.description ?? '')}</p>${examples}${fieldsTable(schema)}</section>`
}

function errorSection(): Html {
  const rows = ERROR_CODES.map(
    (code) =>
      html`<tr id="${code}"><td><code>${code}</code></td><td>${ERRORS[code].status}</td><td>${prose(ERRORS[code].title)}</td></tr>`,
  )
  return html`<section id="errors"><h2>Errors</h2>
<p>Errors are <code>application/problem+json</code> (RFC 9457). Branch on <code>code</code>, never on the text. Where waiting helps, <code>Retry-After</code> says how long.</p>
<div class="wide"><table><thead><tr><th>code</th><th>status</th><th></th></tr></thead><tbody>${rows}</tbody></table></div></section>`
}

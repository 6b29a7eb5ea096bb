// Shows one operation of the OpenAPI document to people.
import { type Html, html, prose } from './html.ts'
import { fieldRow, fieldsTable, type Schema, typeOf } from './schema.ts'

type Content = Record<string, { schema: Schema }>

/** The parts of an operation that the page shows. */
export interface Operation {
  summary?: string
  description?: string
  tags?: string[]
  parameters?: { name: string; in: string; required?: boolean; schema: Schema; description?: string }[]
  requestBody?: { content: Content }
  responses: Record<string, { description?: string; content?: Content }>
  'x-curl'?: string[]
}

export function operationId(method: string, path: string): string {
  return `${method}${path.replaceAll(/[^a-zA-Z0-9]+/g, '-')}`
}

export function operationSection(method: string, path: string, operation: Operation): Html {
  const id = operationId(method, path)
  return html`<section id="${id}">
<h3><span class="method ${method}">${method.toUpperCase()}</span> <a href="#${id}"><code>${path}</code></a></h3>
<p class="summary">${operation.summary}</p>
${operation.description ? html`<p>${prose(operation.description)}</p>` : undefined}
${(operation['x-curl'] ?? []).map((line) => html`<pre><code>${line}</code></pre>`)}
${parameters(operation)}
${requestBody(operation)}
${responses(operation)}
</section>
`
}

function parameters({ parameters }: Operation): Html | undefined {
  if (!parameters || parameters.length === 0) return undefined
  const rows = parameters.map((parameter) => {
    const description = parameter.description ?? parameter.schema.description ?? ''
    const schema = { ...parameter.schema, description }
    return fieldRow(nameOf(parameter), schema, parameter.required ?? false)
  })
  return html`<h4>Parameters</h4><div class="wide"><table><thead><tr><th>parameter</th><th>type</th><th></th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function nameOf({ name, in: place }: { name: string; in: string }): string {
  if (place === 'path') return `{${name}}`
  return place === 'query' ? `?${name}` : name
}

function requestBody({ requestBody }: Operation): Html | undefined {
  if (!requestBody) return undefined
  const kinds = Object.entries(requestBody.content).map(
    ([type, { schema }]) => html`<p><code>${type}</code>: ${typeOf(schema)}</p>${fieldsTable(schema)}`,
  )
  return html`<h4>Body</h4>${kinds}`
}

function responses({ responses }: Operation): Html {
  const good = Object.entries(responses).filter(([status]) => status < '300')
  const bad = Object.entries(responses).filter(([status]) => status >= '300')
  return html`<h4>Answers</h4>
${good.map(([status, response]) => html`<p><b>${status}</b> ${prose(response.description ?? '')}</p>${bodyFields(response.content)}`)}
<details><summary>Errors: ${bad.map(([status]) => status).join(', ')}</summary><dl>
${bad.map(([status, { description }]) => html`<dt>${status}</dt><dd>${prose(description ?? '')}</dd>`)}
</dl></details>`
}

function bodyFields(content: Content | undefined): Html | undefined {
  const schema = content?.['application/json']?.schema
  return schema && fieldsTable(schema)
}

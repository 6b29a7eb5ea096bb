// Writes HTML as text. It escapes everything that is not our own markup.

/** Markup that is safe to put into a page as it is. */
export interface Html {
  readonly markup: string
}

type Part = string | number | Html | undefined | Part[]

/** Template tag: interpolated text is escaped, interpolated Html and lists of it are not. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
  let markup = texts[0] as string
  for (const [index, part] of parts.entries()) markup += markupOf(part) + texts[index + 1]
  return { markup }
}

function markupOf(part: Part): string {
  if (part === undefined) return ''
  if (Array.isArray(part)) return part.map(markupOf).join('')
  if (typeof part === 'object') return part.markup
  return String(part)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Text in which `code` is set as code, and lines stay lines. */
export function prose(text: string): Html {
  const lines = text
    .split('\n')
    .map((line) =>
      line.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`)),
    )
  return html`${lines.map((line, index) => (index === 0 ? html`${line}` : html`<br>${line}`))}`
}

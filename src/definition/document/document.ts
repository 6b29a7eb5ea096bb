// From text to a YAML tree whose nodes know their place. What is wrong with it as YAML is reported
// here; what the tree means is the business of the sections.
import { type Document, isAlias, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { BOUNDS } from '../bounds.ts'
import { Problems } from './problems.ts'

export interface Source {
  text: string
  document: Document
  problems: Problems
}

/** Parses the text. Where `problems` has any afterwards, the tree may be incomplete. */
export function parseSource(text: string): Source {
  const lines = new LineCounter()
  const problems = new Problems(lines)
  const bytes = Buffer.byteLength(text)
  if (bytes > BOUNDS.documentBytesMax) {
    problems.add(0, '', `The document has ${bytes} bytes`, `At most ${BOUNDS.documentBytesMax} are allowed.`)
    return { text, document: parseDocument(''), problems }
  }
  try {
    // The library compares each key with all before it, which takes half a minute for 20,000.
    const options = { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false }
    const document = parseDocument(text, options)
    for (const { pos, message, code } of [...document.errors, ...document.warnings]) {
      problems.add(pos[0], '', `YAML: ${firstLine(message)}`, YAML_HINTS[code] ?? DEFAULT_HINT)
    }
    refuseRepeatedKeys(document, problems)
    refuseAliasBombs(document, problems)
    return { text, document, problems }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    problems.add(0, '', 'YAML: the document nests too deeply', 'A definition needs five levels.')
    return { text, document: parseDocument(''), problems }
  }
}

function refuseRepeatedKeys(document: Document, problems: Problems): void {
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key
        if (seen.has(name)) {
          const hint = 'Each name may appear once; rename or remove one of the two.'
          problems.add(key as Node, '', 'YAML: Map keys must be unique', hint)
        }
        seen.add(name)
      }
    },
  })
}

/** Each alias is resolved by a search of the document, and may stand for a large part of it. */
function refuseAliasBombs(document: Document, problems: Problems): void {
  let aliases = 0
  visit(document, {
    Alias(_key, node) {
      aliases++
      if (aliases <= BOUNDS.aliasesMax) return undefined
      const hint = `At most ${BOUNDS.aliasesMax} are allowed; write the values out.`
      problems.add(node, '', 'YAML: too many aliases', hint)
      return visit.BREAK
    },
  })
}

/** The node an alias stands for, otherwise the node itself. */
export function resolved(document: Document, node: unknown): Node | null | undefined {
  return (isAlias(node) ? node.resolve(document) : node) as Node | null | undefined
}

function firstLine(message: string): string {
  return message.split('\n')[0]!.replace(/:$/, '')
}

const DEFAULT_HINT =
  'Check the indentation, quotes and brackets here; text with `: `, `#` or `{` needs quotes.'
const YAML_HINTS: Record<string, string> = {
  TAB_AS_INDENT: 'Indent with spaces.',
  MULTIPLE_DOCS: 'A definition is one document; remove what follows `---`.',
  TAG_RESOLVE_FAILED: 'Remove the `!tag`.',
  BAD_ALIAS: 'Text that starts with `*` needs quotes: `"*"`.',
}

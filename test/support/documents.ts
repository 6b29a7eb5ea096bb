// The documents as readers see them: which there are, and the blocks of code, tables, headings and
// links in each.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles, root } from './source-files.ts'

/** Paths from the root. */
export const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...listFiles(['docs', 'examples'], '.md'),
]

export interface Block {
  language: string
  text: string
  /** The line at which the block begins, counted from 1. */
  line: number
  /** True when nothing but prose stands between the block before it and this one. */
  followsBlock: boolean
}

export function textOf(document: string): string {
  return readFileSync(join(root, document), 'utf8')
}

/** The fenced blocks of a document, in their order. */
export function blocksOf(document: string): Block[] {
  const text = textOf(document)
  let end = 0
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => {
    const before = text.slice(end, match.index)
    const followsBlock = end > 0 && !/^#+ /m.test(before)
    end = match.index + match[0].length
    const line = text.slice(0, match.index).split('\n').length
    return { language: String(match[1]), text: String(match[2]), line, followsBlock }
  })
}

/** What stands under a heading, up to the next one of its level or above. */
export function sectionOf(document: string, heading: string): string {
  const lines = textOf(document).split('\n')
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === heading && line.startsWith('#'))
  if (start < 0) throw new Error(`${document} has no heading "${heading}"`)
  const level = /^#+/.exec(lines[start]!)![0].length
  const length = lines
    .slice(start + 1)
    .findIndex((line) => line.startsWith('#') && /^#+/.exec(line)![0].length <= level)
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** The cells of every table row in a text, without the heads. */
export function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const isRule = (line: string | undefined) => line !== undefined && /^\|( ?-+ ?\|)+$/.test(line)
  return lines
    .filter((line, index) => !isRule(line) && !isRule(lines[index + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

/** What stands between backticks in a text. */
export function codesOf(text: string | undefined): string[] {
  const prose = (text ?? '').replace(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map((match) => String(match[1]))
}

/** Names of the headings as links write them: `#what-it-says`. */
export function anchorsOf(document: string): string[] {
  const prose = textOf(document).replace(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/^#+ (.*)$/gm)].map((match) =>
    String(match[1])
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

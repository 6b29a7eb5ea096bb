// Compares what a command printed with what a document shows of it: the same shape and the same
// literal values, where instants may differ and `…` stands for anything.
import { expect } from 'vitest'

const INSTANT = /\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?)?/g
/** What a shown array holds when its items are left out. */
const ANY_ITEMS = '…'

/** @param shown the JSON of a document: members may be left out as `…` */
export function expectJson(printed: string, shown: string): void {
  expect(shapeOf(JSON.parse(printed), readShown(shown)), printed).toEqual(readShown(shown))
}

/**
 * @param shown the lines of a document; a line `…` stands for any lines, `…` inside a line for its
 * rest
 */
export function printsAll(printed: string, shown: string): boolean {
  return new RegExp(`^${patternOf(shown)}$`).test(normal(printed.trimEnd()))
}

/** True once each of the lines has come, in any order: that of two users is not told. */
export function printsSome(printed: string, shown: string): boolean {
  const lines = shown.trimEnd().split('\n')
  return lines.every((line) => new RegExp(`^${patternOf(line)}$`, 'm').test(normal(printed)))
}

function patternOf(shown: string): string {
  return normal(shown.trimEnd())
    .split('\n')
    .map((line) => {
      if (line === '…') return '[^]*'
      const [begins, rest] = line.split('…', 2)
      return RegExp.escape(begins!) + (rest === undefined ? '' : '.*')
    })
    .join('\n')
}

/** Instants, the places of events and the widths of columns are another each time. */
function normal(text: string): string {
  return text
    .replace(INSTANT, 'INSTANT')
    .replace(/^id: .*$/gm, 'id: PLACE')
    .replace(/-{2,}/g, '--')
    .replace(/(?<=\S) {2,}/g, ' ')
    .replace(/^ +/gm, ' ')
}

function readShown(shown: string): unknown {
  const json = shown.replace(/,\s*…/g, '').replace(/\[ … \]/g, `["${ANY_ITEMS}"]`)
  return withoutInstants(JSON.parse(json))
}

function withoutInstants(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(INSTANT, 'INSTANT')
  if (Array.isArray(value)) return value.map(withoutInstants)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutInstants(item)]))
}

/** What was printed, without what the document does not show. */
function shapeOf(printed: unknown, shown: unknown): unknown {
  if (typeof printed === 'string') {
    const text = printed.replace(INSTANT, 'INSTANT')
    const isPart = typeof shown === 'string' && shown.endsWith('…') && typeof text === 'string'
    return isPart ? shown : text
  }
  if (Array.isArray(printed) && Array.isArray(shown)) {
    if (shown[0] === ANY_ITEMS) return printed.length > 0 ? shown : printed
    return printed.map((item, index) => shapeOf(item, shown[index]))
  }
  if (!isObject(printed) || !isObject(shown)) return printed
  const common = Object.keys(shown).filter((key) => key in printed)
  return Object.fromEntries(common.map((key) => [key, shapeOf(printed[key], shown[key])]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

// The problems of a definition document: each with its place, so that an editor can jump there, and
// a hint.
import type { LineCounter, Node } from 'yaml'
import { BOUNDS } from '../bounds.ts'

/**
 * One mistake. `line` and `column` count from 1; `path` is where in the document, such as
 * `features.spend.of`.
 */
export interface Problem {
  line: number
  column: number
  path: string
  message: string
  hint: string
}

/** A node of the document, or a position in its text (UTF-16 units from the start). */
export type Place = Node | number | null | undefined

export class Problems {
  readonly #found: Problem[] = []
  readonly #lines: LineCounter

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  add(place: Place, path: string, message: string, hint: string): void {
    this.#found.push({ ...this.placeOf(place), path, message, hint })
  }

  /** Both count from 1. */
  placeOf(place: Place): { line: number; column: number } {
    const position = typeof place === 'number' ? place : (place?.range?.[0] ?? 0)
    const { line, col } = this.#lines.linePos(position)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  get any(): boolean {
    return this.#found.length > 0
  }

  /** In the order of the document. */
  list(): Problem[] {
    const sorted = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column)
    return sorted.slice(0, BOUNDS.problemsMax)
  }
}

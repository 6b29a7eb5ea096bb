// Which methods each address takes, so that a wrong method gets 405 and `Allow` instead of 404.

export class RouteTable {
  #methods = new Map<string, Set<string>>()

  add(pattern: string, method: string | string[]): void {
    const methods = this.#methods.get(pattern) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    this.#methods.set(pattern, methods)
  }

  /**
   * @param path the path of a request, still percent-encoded. Empty if no route has this address.
   */
  methodsAt(path: string): string[] {
    const segments = path.split('/')
    const allowed = new Set<string>()
    for (const [pattern, methods] of this.#methods) {
      if (matches(pattern.split('/'), segments)) for (const method of methods) allowed.add(method)
    }
    return [...allowed].sort()
  }
}

function matches(pattern: string[], segments: string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]))
  )
}

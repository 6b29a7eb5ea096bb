// One line on a terminal that shows how far something has come. It shows nothing if the output is
// no terminal.

export interface ShareLine {
  /** @param share from 0 to 1 */
  show(share: number): void
  /** Takes the line away. */
  end(): void
}

export function showShare(what: string, stream: NodeJS.WriteStream = process.stderr): ShareLine {
  if (!stream.isTTY) return { show() {}, end() {} }
  const clear = '\r\x1b[K'
  return {
    show: (share) => stream.write(`${clear}${what}: ${Math.floor(share * 100)} %`),
    end: () => stream.write(clear),
  }
}

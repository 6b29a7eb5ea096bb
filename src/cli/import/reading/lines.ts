// Text in pieces to lines, many at a time.

/**
 * The lines without their breaks; the last one also if no break follows it and it is not empty.
 * @param checkOpen called with the line that has not ended yet
 */
export async function* linesOf(
  texts: AsyncIterable<string>,
  checkOpen: (line: string) => void = () => {},
): AsyncGenerator<string[]> {
  let open = ''
  for await (const text of texts) {
    const lines = (open + text).split('\n')
    open = lines.pop()!
    checkOpen(open)
    yield lines
  }
  if (open !== '') yield [open]
}

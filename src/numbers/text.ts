// Texts among numbers: the bytes of their UTF-8, six to a number.
import type { Numbers } from './section.ts'

const BYTES_IN_NUMBER = 6

let bytes = Buffer.alloc(4_096)

/** How many bytes the text has. */
export function textBytes(text: string): number {
  return Buffer.byteLength(text)
}

/** How many numbers hold so many bytes of text. */
export function textNumbers(byteLength: number): number {
  return Math.ceil(byteLength / BYTES_IN_NUMBER)
}

/** Writes the text over the numbers from `at` on. */
export function putText(text: string, numbers: Numbers, at: number): void {
  const end = textNumbers(textBytes(text)) * BYTES_IN_NUMBER
  if (end > bytes.length) bytes = Buffer.alloc(end)
  bytes.fill(0, bytes.write(text), end)
  for (let from = 0; from < end; from += BYTES_IN_NUMBER) {
    numbers[at + from / BYTES_IN_NUMBER] = bytes.readUIntLE(from, BYTES_IN_NUMBER)
  }
}

/** The text of so many bytes whose first number is at `at`. */
export function textAt(numbers: Numbers, at: number, byteLength: number): string {
  const end = textNumbers(byteLength) * BYTES_IN_NUMBER
  if (end > bytes.length) bytes = Buffer.alloc(end)
  for (let from = 0; from < end; from += BYTES_IN_NUMBER) {
    bytes.writeUIntLE(numbers[at + from / BYTES_IN_NUMBER]!, from, BYTES_IN_NUMBER)
  }
  return bytes.toString('utf8', 0, byteLength)
}

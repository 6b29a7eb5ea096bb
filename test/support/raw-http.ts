// Requests written by hand on a bare socket: what no HTTP client would send.
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  /** 0 if the server closed the connection without an answer. */
  status: number
  body: string
}

/**
 * Sends the parts one after the other, waits for the server to close or answer, and gives the first
 * answer.
 */
export function rawRequest(
  url: string,
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  { halfClose = false } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let received = ''
    const settle = () => {
      socket.destroy()
      resolve(answerOf(received))
    }
    socket.setEncoding('latin1').on('data', (text) => {
      received += text
      if (isComplete(received)) settle()
    })
    socket.on('close', settle).on('error', () => {})
    send(socket, parts).then(
      () => halfClose && socket.end(),
      () => {},
    )
  })
}

async function send(
  socket: Socket,
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
) {
  for await (const part of parts) {
    if (socket.destroyed) return
    if (!socket.write(part))
      await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))
  }
}

function isComplete(received: string): boolean {
  const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(received) ?? []
  const start = received.indexOf('\r\n\r\n') + 4
  return start > 3 && length !== undefined && received.length >= start + Number(length)
}

function answerOf(received: string): RawAnswer {
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(received) ?? []
  const start = received.indexOf('\r\n\r\n') + 4
  return { status: Number(status ?? 0), body: Buffer.from(received.slice(start), 'latin1').toString() }
}

// One keep-alive connection that sends ready-made HTTP/1.1 requests and reads just enough of the
// answers. It is this thin so that the client is never what a measurement measures.
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')

/** The server answered with a status that is no success. */
export class RefusedError extends Error {
  readonly status: number

  constructor(status: number, body: string) {
    super(`answered ${status}: ${body}`)
    this.status = status
  }
}

export class HttpConnection {
  readonly #socket: Socket
  #received: Buffer | undefined
  /** Bytes of the answer as a whole; undefined until its head is here. */
  #expected: number | undefined
  #settle: { resolve: (answer: Buffer) => void; reject: (error: Error) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#read(bytes))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<HttpConnection> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new HttpConnection(socket))
      })
    })
  }

  /**
   * Sends one request and gives the body of its answer. Errors: the connection's, and RefusedError
   * for any status but 2xx.
   */
  send(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }

  #read(bytes: Buffer): void {
    const received = this.#received ? Buffer.concat([this.#received, bytes]) : bytes
    this.#received = received
    this.#expected ??= answerLength(received)
    if (this.#expected === undefined || received.length < this.#expected) return
    const settle = this.#settle
    const body = received.subarray(received.indexOf(HEAD_END) + HEAD_END.length)
    this.#received = undefined
    this.#expected = undefined
    this.#settle = undefined
    // "HTTP/1.1 2xx": the tenth byte is the class of the status.
    if (received[9] === 0x32) settle?.resolve(body)
    else settle?.reject(new RefusedError(Number(received.toString('latin1', 9, 12)), body.toString()))
  }

  #fail(error: Error): void {
    this.#settle?.reject(error)
    this.#settle = undefined
  }
}

function answerLength(received: Buffer): number | undefined {
  const headEnd = received.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.toString('latin1', 0, headEnd))?.[1]
  if (length === undefined) throw new Error('the answer has no content-length')
  return headEnd + HEAD_END.length + Number(length)
}

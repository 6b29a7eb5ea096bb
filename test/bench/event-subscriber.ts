// One subscriber of a stream over server-sent events, who notes when each event arrived.
import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'

export class EventSubscriber {
  readonly #request: ClientRequest
  #ended: string | undefined

  private constructor(request: ClientRequest) {
    this.#request = request
  }

  /** Resolves when subscribed: `onData` gets the data of whatever is published from then on. */
  static open(port: number, stream: string, onData: (data: string) => void): Promise<EventSubscriber> {
    return new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path: `/v1/streams/${stream}`, agent: false })
      const subscriber = new EventSubscriber(request)
      request.once('error', reject)
      request.once('response', (response: IncomingMessage) => {
        request.off('error', reject).on('error', (error) => subscriber.#end(error.message))
        if (response.statusCode !== 200) {
          reject(new Error(`/v1/streams/${stream} was answered with ${response.statusCode}`))
          return
        }
        const parser = createParser({
          onEvent: ({ data }) => onData(data),
          onRetry: () => resolve(subscriber),
        })
        response.setEncoding('utf8').on('data', (text: string) => parser.feed(text))
        response.on('close', () => subscriber.#end('the engine ended the stream'))
      })
    })
  }

  /** Throws where the stream has ended: what is waited for then never comes. */
  assertOpen(): void {
    if (this.#ended !== undefined) throw new Error(`a subscriber was cut: ${this.#ended}`)
  }

  close(): void {
    this.#request.destroy()
  }

  #end(reason: string): void {
    this.#ended ??= reason
  }
}

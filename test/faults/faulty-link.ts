// A TCP proxy between one node and one server: the network of the suite. It carries everything
// until it is told to break.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * `whole` carries all; `deaf` throws replies away, requests arrive; `mute` throws requests away;
 * `stalled` holds everything and hands it over later; `closed` breaks connections and takes no new
 * ones.
 */
export type LinkState = 'whole' | 'deaf' | 'mute' | 'stalled' | 'closed'

interface Pair {
  client: Socket
  server: Socket
  /** Bytes were thrown away: it must not go on. */
  torn: boolean
}

export class FaultyLink {
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()
  #state: LinkState = 'whole'
  /** Replies thrown away so far. */
  repliesLost = 0

  private constructor(targetPort: number) {
    this.#listener = createServer((client) => this.#join(client, targetPort))
  }

  static async open(targetPort: number): Promise<FaultyLink> {
    const link = new FaultyLink(targetPort)
    link.#listener.listen(0, '127.0.0.1')
    await once(link.#listener, 'listening')
    return link
  }

  get address(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`
  }

  get state(): LinkState {
    return this.#state
  }

  set state(state: LinkState) {
    this.#state = state
    for (const pair of this.#pairs) {
      if (state === 'closed' || (state === 'whole' && pair.torn)) destroy(pair)
      for (const socket of [pair.client, pair.server]) {
        if (state === 'stalled') socket.pause()
        else socket.resume()
      }
    }
  }

  /** Breaks every connection, whatever is on its way; new ones are whole. */
  cut(): void {
    for (const pair of this.#pairs) destroy(pair)
    this.state = 'whole'
  }

  close(): void {
    this.state = 'closed'
    this.#listener.close()
  }

  #join(client: Socket, targetPort: number): void {
    if (this.#state === 'closed') {
      client.destroy()
      return
    }
    const server = connect(targetPort, '127.0.0.1')
    const pair: Pair = { client, server, torn: false }
    this.#pairs.add(pair)
    this.#carry(pair, client, server, 'mute')
    this.#carry(pair, server, client, 'deaf')
    if (this.#state === 'stalled') {
      client.pause()
      server.pause()
    }
  }

  #carry(pair: Pair, from: Socket, to: Socket, throwsAway: LinkState): void {
    from.setNoDelay(true)
    from.on('data', (bytes) => {
      if (this.#state === throwsAway) {
        pair.torn = true
        if (throwsAway === 'deaf') this.repliesLost++
      } else if (!to.write(bytes)) {
        from.pause()
        to.once('drain', () => {
          if (this.#state !== 'stalled') from.resume()
        })
      }
    })
    from.on('error', () => {})
    from.once('close', () => {
      this.#pairs.delete(pair)
      to.destroy()
    })
  }
}

function destroy({ client, server }: Pair): void {
  client.destroy()
  server.destroy()
}

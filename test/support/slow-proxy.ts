// A TCP proxy in front of a server that takes its time: each reply comes later by as much as a test
// says.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export class SlowProxy {
  readonly port: number
  /** Of what the server says from now on, ms. */
  delayMs = 0

  private constructor(port: number) {
    this.port = port
  }

  /** Serves until the running test ends. */
  static async start(targetPort: number): Promise<SlowProxy> {
    const sockets = new Set<Socket>()
    const server = createServer((client) => {
      const target = connect(targetPort, '127.0.0.1')
      client.pipe(target)
      // Timers of one delay fire in order; what comes after a longer one waits for it.
      let earlier = Promise.resolve()
      target.on('data', (reply) => {
        const later = new Promise((resolve) => setTimeout(resolve, proxy.delayMs))
        earlier = Promise.all([earlier, later]).then(() => {
          client.write(reply)
        })
      })
      for (const [socket, other] of [
        [client, target],
        [target, client],
      ] as const) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.once('close', () => other.destroy())
      }
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new SlowProxy((server.address() as AddressInfo).port)
    onTestFinished(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    return proxy
  }
}

// A TCP proxy that can stop carrying replies: what a client sends still arrives and takes effect,
// and the client never hears of it.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface DeafProxy {
  port: number
  /** From now on replies are thrown away; resolves when the server has sent one that was. */
  loseReplies(): Promise<void>
  /** Breaks all connections; new ones are whole again. */
  cut(): void
}

/** Serves until the running test ends. */
export async function startDeafProxy(targetPort: number): Promise<DeafProxy> {
  const sockets = new Set<Socket>()
  let swallow: (() => void) | undefined
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    client.pipe(target)
    target.on('data', (reply) => {
      if (swallow) swallow()
      else client.write(reply)
    })
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    swallow = undefined
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    server.close()
    cut()
  })
  const loseReplies = () =>
    new Promise<void>((resolve) => {
      swallow = resolve
    })
  return { port: (server.address() as AddressInfo).port, loseReplies, cut }
}

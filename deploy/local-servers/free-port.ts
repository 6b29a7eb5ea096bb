// Finds ports that servers of this machine can listen on.
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port that was free a moment ago; the kernel hands out others first before it repeats one. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('the probe had no port')
  return address.port
}

/** So many, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

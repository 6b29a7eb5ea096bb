// Which names of a host reach this machine only.
import { isIP } from 'node:net'

/**
 * True for a host as written in settings or in a URL: `localhost`, 127.0.0.0/8, `::1` or `[::1]`.
 */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  if (name === 'localhost' || name === '::1' || name === '[::1]') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

// Closes what has been opened, in the opposite order. If one part fails to close, the others still
// close.
import type { Logger } from './logger.ts'

/** Empties the list, so that nothing is closed twice. Never rejects; it logs failures. */
export async function closeInReverse(closers: (() => unknown)[], logger: Logger): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close()
    } catch (error) {
      logger.error('something could not be closed', { error })
    }
  }
}

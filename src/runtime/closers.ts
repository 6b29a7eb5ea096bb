// What has been opened, closed in the opposite order: one that fails keeps none of the others open.
import type { Logger } from './logger.ts'

/** Empties the list, so that nothing is closed twice. Never rejects: what fails is logged. */
export async function closeInReverse(closers: (() => unknown)[], logger: Logger): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close()
    } catch (error) {
      logger.error('something could not be closed', { error })
    }
  }
}

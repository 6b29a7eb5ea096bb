// Waits for a write of LMDB and turns what goes wrong with it into an error of ours.
import { PulseprintError } from '../../errors.ts'

/** If a write has failed, LMDB waits for its flush for ever. */
const CLOSE_WAIT_MS = 5_000

/** Closes the store. What could not be written is lost. */
export async function closed(root: { close(): Promise<void> }): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_WAIT_MS)
  })
  await Promise.race([root.close(), late])
  clearTimeout(timer)
}

/**
 * Resolves with the write's result once it is committed. Errors: STORAGE_UNAVAILABLE with the
 * system's reason.
 */
export async function committed<T>(write: Promise<T>, failure: string): Promise<T> {
  try {
    return await write
  } catch (error) {
    throw new PulseprintError('STORAGE_UNAVAILABLE', `${failure}: ${await reason(error)}`)
  }
}

/**
 * A failed commit carries the promise of its reason. If nobody handled that rejection, it would end
 * the process.
 */
async function reason(error: unknown): Promise<string> {
  const { commitError } = error as { commitError?: Promise<never> }
  const cause = commitError === undefined ? error : await commitError.catch((inner: unknown) => inner)
  return cause instanceof Error ? cause.message : String(cause)
}

// Waits for several promises of which some may fail.

/** Waits for all, so that none is left running, then throws the first error, if any. */
export async function settled(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') throw result.reason
  }
}

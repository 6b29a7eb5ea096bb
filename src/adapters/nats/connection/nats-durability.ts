// Asks NATS servers, on their monitoring ports, whether an acknowledged write is on the disk.
// Clients cannot see that.

const ASK_WAIT_MS = 2_000

/**
 * What an operator must know of the servers' durability; empty when all of them fsync before they
 * acknowledge.
 * @param monitorUrls such as `http://nats-0:8222`
 */
export async function durabilityWarnings(monitorUrls: readonly string[]): Promise<string[]> {
  if (monitorUrls.length === 0) {
    return ['no monitoring address of NATS is known: make sure that jetstream.sync_interval is "always"']
  }
  const warnings = await Promise.all(monitorUrls.map(warningOf))
  return warnings.filter((warning) => warning !== undefined)
}

async function warningOf(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL('/varz', url), { signal: AbortSignal.timeout(ASK_WAIT_MS) })
    const { server_name, jetstream } = (await answer.json()) as Varz
    if (jetstream?.config?.sync_always === true) return undefined
    return `${server_name} acknowledges writes that are not on its disk: set jetstream.sync_interval to "always", or a power cut loses them`
  } catch (error) {
    return `${new URL(url).host} does not say how it writes: ${reasonOf(error as Error)}`
  }
}

/**
 * Not the error's message: it may repeat the URL with its password, and otherwise says only that
 * the request failed.
 */
function reasonOf({ name, cause }: Error): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? name
}

interface Varz {
  server_name: string
  jetstream?: { config?: { sync_always?: boolean } }
}

// Recognises an engine that lost the rows of an earlier run, for example because its data folder
// was deleted: to go on there would leave them out without a word.
import type { ShardStatus } from '../../../views/views.ts'
import { CliError } from '../../cli-error.ts'
import type { EngineClient } from '../../engine-client.ts'
import { type Patience, sendPatiently } from '../sending/patience.ts'

/** A position of the log that an earlier run saw acknowledged. */
export interface Witness {
  shard: number
  sequence: number
}

/**
 * Throws CliError if the engine's log does not reach the position. A key that may not see the
 * shards skips it.
 */
export async function checkWitness(
  client: EngineClient,
  witness: Witness,
  patience: Patience,
): Promise<void> {
  const { status, text } = await sendPatiently(client, '/v1/shards', { method: 'GET' }, patience)
  if (status !== 200) return
  const { shards } = JSON.parse(text) as { shards: ShardStatus[] }
  const head = shards.find(({ shard }) => shard === witness.shard)?.head ?? 0
  if (head >= witness.sequence) return
  throw new CliError(
    `The engine at ${client.url} does not have the rows of the earlier run: shard ${witness.shard} ends at ${head}, ` +
      `and rows were acknowledged at ${witness.sequence}. Is this another data folder? Use --restart to import ` +
      'from the first row.',
  )
}

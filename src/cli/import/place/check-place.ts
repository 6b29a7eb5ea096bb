// Checks two things before anything is sent: that the rows are those of the earlier run, and that the
// engine has what that run sent and nothing else of this import.
import { LIMITS } from '../../../limits.ts'
import type { ShardStatus } from '../../../views/views.ts'
import { CliError } from '../../cli-error.ts'
import type { EngineClient } from '../../engine-client.ts'
import { type Patience, sendPatiently } from '../sending/patience.ts'
import type { Checkpoint, Witness } from './checkpoint.ts'

/** What the engine says of itself. */
export interface EngineStanding {
  shards: ShardStatus[]
  /** Null if its definition has neither stages nor rules; missing from earlier versions. */
  historyWaitMs?: number | null
}

/** Enough to find a user that has had no hundred newer actions since. */
const ASKED_USERS_MAX = 10

/** Undefined if the key may not ask. */
export async function askStanding(
  client: EngineClient,
  patience: Patience,
): Promise<EngineStanding | undefined> {
  const { status, text } = await sendPatiently(client, '/v1/shards', { method: 'GET' }, patience)
  return status === 200 ? JSON.parse(text) : undefined
}

/**
 * Throws CliError if the input has other content than in the earlier run. Older checkpoints do not
 * say. The rows of a sorted import are all at other places then, so nothing can go on.
 */
export function checkContent(start: Checkpoint, now: string | null, resumeAnyway: boolean): void {
  if (start.contentHash === undefined || start.contentHash === now) return
  if (start.sorted) {
    throw new CliError(
      'The rows or their times are not those of the earlier run, so their sorted order is another one.\n' +
        '  --restart    starts at the first row: for an engine that has none of them\n' +
        '  --name NAME  starts another import: all its rows count again',
    )
  }
  if (resumeAnyway) return
  throw new CliError(
    'The input begins with another row than in the earlier run: this is not the same input.\n' +
      '  --name NAME      imports it as another one\n' +
      '  --resume-anyway  continues after the rows of the earlier run anyway',
  )
}

/**
 * Throws CliError if the engine's log does not reach the position: it lost the rows of the earlier
 * run, for example because its data folder was deleted. To go on would leave them out without a
 * word.
 */
export function checkWitness(client: EngineClient, witness: Witness, { shards }: EngineStanding): void {
  const head = shards.find(({ shard }) => shard === witness.shard)?.head ?? 0
  if (head >= witness.sequence) return
  throw new CliError(
    `The engine at ${client.url} does not have the rows of the earlier run: shard ${witness.shard} ends at ${head}, ` +
      `and rows were acknowledged at ${witness.sequence}. Is this another data folder? Use --restart to import ` +
      'from the first row.',
  )
}

/**
 * Throws CliError if one of the first users has an action with an id of this import. It shows that
 * the rows were imported before, from another machine or by another person, however long ago.
 */
export async function checkEngineHasNone(
  client: EngineClient,
  identity: string,
  users: ReadonlySet<string>,
  patience: Patience,
): Promise<void> {
  for (const user of [...users].slice(0, ASKED_USERS_MAX)) {
    const path = `/v1/profiles/${encodeURIComponent(user)}/actions?limit=${LIMITS.timelineLengthMax}`
    const { status, text } = await sendPatiently(client, path, { method: 'GET' }, patience)
    // The engine does not know the user, or the key may not read.
    if (status !== 200) continue
    const { actions } = JSON.parse(text) as { actions: { id: string }[] }
    const found = actions.find(({ id }) => id.startsWith(`${identity}:`))
    if (!found) continue
    throw new CliError(
      `The engine at ${client.url} has rows of this import already, for example ${found.id}, and no checkpoint ` +
        'here knows how far it came. Rows that are sent again could count twice.\n' +
        '  --state FOLDER             the folder with its checkpoint, if it was imported elsewhere\n' +
        '  --name NAME                starts another import: all its rows count again\n' +
        '  --restart --resume-anyway  sends all rows again under their old ids anyway',
    )
  }
}

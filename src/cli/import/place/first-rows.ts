// What the first rows of an input tell before anything is sent: whether they are those of the
// earlier run, and whether the engine has rows of this import that no checkpoint here knows of.
import { createHash } from 'node:crypto'
import { LIMITS } from '../../../limits.ts'
import { CliError } from '../../cli-error.ts'
import type { EngineClient } from '../../engine-client.ts'
import { type Patience, sendPatiently } from '../sending/patience.ts'

/** Enough to find a user that has had no hundred newer actions since. */
const ASKED_USERS_MAX = 10

/** Identifies a row of an input by its content. */
export function rowHash(row: unknown): string {
  return createHash('sha256').update(JSON.stringify(row)).digest('hex')
}

/** Throws CliError if the earlier run began with another row. Older checkpoints do not say. */
export function checkFirstRow(earlier: string | null | undefined, now: string | null): void {
  if (earlier === undefined || earlier === now) return
  throw new CliError(
    'The input begins with another row than in the earlier run: this is not the same input.\n' +
      '  --name NAME      imports it as another one\n' +
      '  --resume-anyway  continues after the rows of the earlier run anyway',
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

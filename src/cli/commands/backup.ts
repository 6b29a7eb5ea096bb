// `pulseprint backup` and `pulseprint restore`: a consistent copy of a data folder, and back.
import { Command } from 'commander'
import type { BackupFacts } from '../../app/backup.ts'
import { PulseprintError } from '../../errors.ts'
import { isoOf } from '../../model/instant.ts'
import { CliError, fileError } from '../cli-error.ts'

interface BackupOptions {
  data?: string
}

const DATA = ['--data <folder>', 'the data folder (default: PULSEPRINT_DATA, ./data)'] as const
const MIB = 1024 ** 2

export function backupCommand(): Command {
  return new Command('backup')
    .description('Copy a data folder, while an engine runs on it or not.')
    .argument('<folder>', 'where the copy goes: a folder that does not exist yet')
    .option(...DATA)
    .addHelpText(
      'after',
      `
The copy holds everything that was acknowledged before the command began. It is complete once the
folder is there. Only a data folder of one machine can be copied; docs/operations.md says how to
back up a cluster.

Examples:
  pulseprint backup /backups/monday
  pulseprint restore /backups/monday --data ./data-restored`,
    )
    .action((folder: string, options: BackupOptions) =>
      run(
        async ({ backUp }, data) => `Copied ${data} to ${folder}: ${textOf(await backUp(data, folder))}.`,
        options,
      ),
    )
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('Put a copy that backup made into an empty data folder.')
    .argument('<folder>', 'the copy')
    .option(...DATA)
    .addHelpText(
      'after',
      `
No engine may run on the data folder, and it must hold no data: move the old data away first. What
was sent after the copy was made is not in it. Clients that send it again under the same ids add
only what is missing.

Example:
  pulseprint restore /backups/monday --data ./data`,
    )
    .action((folder: string, options: BackupOptions) =>
      run(async ({ restore }, data) => {
        const facts = await restore(folder, data)
        return `Restored ${data} as of ${isoOf(facts.madeAt)}: ${textOf(facts)}.`
      }, options),
    )
}

/** Loaded late, because the stores are large and the other commands start faster without them. */
async function run(
  command: (backups: typeof import('../../app/backup.ts'), data: string) => Promise<string>,
  { data = process.env.PULSEPRINT_DATA ?? './data' }: BackupOptions,
): Promise<void> {
  try {
    console.log(await command(await import('../../app/backup.ts'), data))
  } catch (error) {
    if (error instanceof PulseprintError) throw new CliError(`${error.code}: ${error.message}`)
    const { path } = error as NodeJS.ErrnoException
    throw path === undefined ? error : fileError(path, error)
  }
}

function textOf({ records, shards, bytes }: BackupFacts): string {
  return `${records} log records of ${shards} shards, ${(bytes / MIB).toFixed(1)} MiB`
}

// `pulseprint shards`: who runs each shard, and how far it has come.
import { Command } from 'commander'
import type { ShardStatus } from '../../views/views.ts'
import { EngineClient, type EngineOptions } from '../engine-client.ts'
import { table } from '../table.ts'
import { withEngineOptions } from './engine-options.ts'

const COLUMNS = ['shard', 'owner', 'epoch', 'head', 'applied', 'committed', 'lag', 'hotUsers'] as const

export function shardsCommand(): Command {
  return withEngineOptions(new Command('shards'))
    .description('Show who runs each shard, and how far it has come.')
    .option('--json', 'print the answer of the engine as it is')
    .addHelpText(
      'after',
      `
head, applied and committed are positions in the shard's log: written, counted, and covered by a snapshot.
head and lag are ? while the log cannot be asked.

Example:
  pulseprint shards`,
    )
    .action(async (options: EngineOptions & { json?: boolean }) => {
      const answer = (await new EngineClient(options).get('/v1/shards')) as { shards: ShardStatus[] }
      if (options.json) return console.log(JSON.stringify(answer, undefined, 2))
      const rows = answer.shards.map((status) => COLUMNS.map((column) => status[column] ?? '?'))
      console.log(table(COLUMNS, rows))
    })
}

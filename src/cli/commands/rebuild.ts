// `pulseprint rebuild`: lets shards be rebuilt from their logs, one after the other, and shows what
// differed.
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { RebuildView, ShardStatus } from '../../views/views.ts'
import { CliError, EXIT } from '../cli-error.ts'
import { EngineClient, type EngineOptions, UnreachableError } from '../engine-client.ts'
import { printableJson, printableLines } from '../printable.ts'
import { rebuildReport, rebuildSample } from '../rebuild-report.ts'
import { showShare } from '../share-line.ts'
import { withEngineOptions } from './engine-options.ts'

/** Pause between two looks at the state. Small shards are done at once. */
const POLL_MS_MIN = 20
const POLL_MS_MAX = 500

interface RebuildOptions extends EngineOptions {
  shard?: number
  all?: boolean
  json?: boolean
}

export function rebuildCommand(): Command {
  return withEngineOptions(new Command('rebuild'))
    .description('Compare the profiles of shards with what their log gives, and repair those that differ.')
    .option('--shard <number>', 'this shard', shardNumber)
    .option('--all', 'every shard, one after the other')
    .option('--json', 'print the answers of the engine as they are')
    .addHelpText(
      'after',
      `
The engine goes on meanwhile: actions and reads are served as before, and nothing is published again.

users      users of the log, whose profiles were compared
equal      profiles that were what the log gives, byte for byte
differing  profiles that were not, and were replaced
missing    profiles that were not there, and were put in place
unlogged   profiles of users that the log does not know; they are left alone
passes     how often the log was read: only so many users fit into memory at a time

Examples:
  pulseprint rebuild --shard 3
  pulseprint rebuild --all`,
    )
    .action(rebuildCommanded)
}

function shardNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be the number of a shard, such as 3.')
}

async function rebuildCommanded({
  shard,
  all = false,
  json = false,
  ...options
}: RebuildOptions): Promise<void> {
  if ((shard === undefined) !== all) {
    throw new CliError('Say which shards: --shard NUMBER, or --all.', EXIT.usage)
  }
  const client = new EngineClient(options)
  const views: RebuildView[] = []
  const problems: string[] = []
  for (const each of shard === undefined ? await allShards(client) : [shard]) {
    try {
      const view = await rebuild(client, each)
      if (!json) for (const sample of view.samples) console.error(printableLines(rebuildSample(each, sample)))
      views.push(view)
    } catch (error) {
      // If one shard is refused, for example because it moved to another node, the others may still
      // be rebuilt.
      if (!all || !(error instanceof CliError) || error instanceof UnreachableError) throw error
      problems.push(`shard ${each}: ${error.message}`)
    }
  }
  console.log(
    json
      ? printableJson(JSON.stringify({ rebuilds: views, problems }, undefined, 2))
      : rebuildReport(views, problems),
  )
  if (problems.length > 0 || views.some(({ state }) => state !== 'done')) process.exitCode = EXIT.failed
}

async function allShards(client: EngineClient): Promise<number[]> {
  const { shards } = (await client.get('/v1/shards')) as { shards: ShardStatus[] }
  return shards.map(({ shard }) => shard)
}

/** Starts a rebuild and waits for its end. */
async function rebuild(client: EngineClient, shard: number): Promise<RebuildView> {
  const path = `/v1/shards/${shard}/rebuild`
  let view = (await client.post(path)) as RebuildView
  const line = showShare(`shard ${shard}`)
  try {
    for (let waitMs = POLL_MS_MIN; view.state === 'running'; waitMs = Math.min(2 * waitMs, POLL_MS_MAX)) {
      line.show(view.progress)
      await sleep(waitMs)
      view = (await client.get(path)) as RebuildView
    }
  } finally {
    line.end()
  }
  return view
}

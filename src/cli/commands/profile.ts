// `pulseprint profile USER`: what the engine knows about one user.
import { Command } from 'commander'
import type { ProfileView } from '../../views/views.ts'
import { EngineClient, type EngineOptions } from '../engine-client.ts'
import { printable, printableJson } from '../printable.ts'
import { table } from '../table.ts'
import { withEngineOptions } from './engine-options.ts'

interface ProfileOptions extends EngineOptions {
  at?: string
  fields?: string
  json?: boolean
}

export function profileCommand(): Command {
  return withEngineOptions(new Command('profile'))
    .description('Show the live profile of a user.')
    .argument('<user>', 'the userId, or anonymous: followed by the anonymousId')
    .option('--at <instant>', 'read windows as of this instant, not before the newest action (default: now)')
    .option('--fields <names>', 'only these features, separated by commas')
    .option('--json', 'print the answer of the engine as it is')
    .addHelpText(
      'after',
      `
Examples:
  pulseprint profile u-17
  pulseprint profile 17850 --at 2011-12-09T12:50:00Z --fields spend,purchases_30d`,
    )
    .action(async (user: string, options: ProfileOptions) => {
      const profile = (await new EngineClient(options).get(pathOf(user, options))) as ProfileView
      console.log(options.json ? printableJson(JSON.stringify(profile, undefined, 2)) : readable(profile))
    })
}

function pathOf(user: string, { at, fields }: ProfileOptions): string {
  const query = new URLSearchParams({ ...(at ? { at } : {}), ...(fields ? { fields } : {}) })
  return `/v1/profiles/${encodeURIComponent(user)}${query.size > 0 ? `?${query}` : ''}`
}

/**
 * Stage and badges, a table of the features, with the error of those that are estimates, and how
 * current it is.
 */
export function readable(profile: ProfileView): string {
  const { userId, features, approximate, asOf, source } = profile
  const rows = Object.entries(features).map(([name, value]) => {
    const estimate = approximate?.[name]
    const note = estimate ? ` (estimate, ±${(estimate.standardError * 100).toFixed(1)} %)` : ''
    return [name, `${typeof value === 'string' ? value : JSON.stringify(value)}${note}`]
  })
  const current = `as of ${asOf.at}, shard ${asOf.shard} at sequence ${asOf.sequence}, ${source}`
  return `${[userId, ...standingLines(profile)].map(printable).join('\n')}\n\n${table(['feature', 'value'], rows)}\n\n${current}`
}

function standingLines({ stage, badges }: ProfileView): string[] {
  const lines: string[] = []
  if (stage) {
    const before = stage.history.map(({ name }) => name)
    lines.push(
      `stage   ${stage.name} since ${stage.since}${before.length > 0 ? ` (before: ${before.join(', ')})` : ''}`,
    )
  }
  if (badges && badges.length > 0) {
    lines.push(`badges  ${badges.map(({ name, at }) => `${name} (${at})`).join(', ')}`)
  }
  return lines
}

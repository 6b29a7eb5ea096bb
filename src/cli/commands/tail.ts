// `pulseprint tail STREAM`: shows the entries of a stream as they come.
import { once } from 'node:events'
import { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { EngineClient, type EngineOptions } from '../engine-client.ts'
import { printableJson } from '../printable.ts'
import { streamLine } from '../stream-line.ts'
import { subscribe } from '../stream-subscription.ts'
import { withEngineOptions } from './engine-options.ts'

interface TailOptions extends EngineOptions {
  user?: string
  action?: string
  after?: string
  json?: boolean
}

export function tailCommand(): Command {
  return withEngineOptions(new Command('tail'))
    .description('Show what is published on a stream, as it happens, until Ctrl-C.')
    .argument('<stream>', '`actions`, `stages`, or a stream that rules emit to')
    .option('--user <user>', 'only this user: a userId, or anonymous: followed by the anonymousId')
    .option('--action <name>', 'only these actions, or what they caused')
    .option('--after <id>', 'go on after this place, 0 for the oldest that is held (default: from now on)')
    .option('--json', 'print each entry as one line of JSON')
    .addHelpText(
      'after',
      `
Times are UTC. Where the connection breaks, it comes back and goes on after the last line.

Examples:
  pulseprint tail stages
  pulseprint tail actions --user u-17 --after 0 --json`,
    )
    .action(tail)
}

async function tail(stream: string, options: TailOptions): Promise<void> {
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal)
  const client = new EngineClient(options)
  console.error(`Listening to ${stream} at ${client.url}${filterText(options)}. Ctrl-C ends.`)
  const events = subscribe({
    client,
    path: pathOf(stream, options),
    onLost: (reason) => console.error(`${reason} Trying again until it is back.`),
    onBack: () => console.error('Connected again; going on after the last line.'),
    signal: stop.signal,
  })
  for await (const { event, data } of events) {
    if (event === 'cut') whyCut(data)
    if (event !== undefined) continue
    const line = options.json ? printableJson(data) : streamLine(stream, data)
    if (!process.stdout.write(`${line}\n`))
      await once(process.stdout, 'drain', { signal: stop.signal }).catch(() => {})
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
}

/** Throws CliError if coming back would not help. */
function whyCut(data: string): void {
  const { code, message } = JSON.parse(data) as { code: string; message: string }
  if (code !== 'SLOW_READER') throw new CliError(`${code}: ${message}`)
  console.error('Lines were taken too slowly, so the engine ended the connection.')
}

function pathOf(stream: string, { user, action, after }: TailOptions): string {
  const query = new URLSearchParams({
    ...(user !== undefined && { userId: user }),
    ...(action !== undefined && { action }),
    ...(after !== undefined && { after }),
  })
  return `/v1/streams/${encodeURIComponent(stream)}${query.size > 0 ? `?${query}` : ''}`
}

function filterText({ user, action, after }: TailOptions): string {
  const parts = [user && `user ${user}`, action && `action ${action}`, after && `after ${after}`]
  const text = parts.filter(Boolean).join(', ')
  return text && ` (${text})`
}

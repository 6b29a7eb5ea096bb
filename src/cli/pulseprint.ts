#!/usr/bin/env node
// The command line: which commands there are, and how any of them ends. Each command lives in its
// own file.
import { Command, CommanderError } from 'commander'
import { CliError, EXIT } from './cli-error.ts'
import { backupCommand, restoreCommand } from './commands/backup.ts'
import { checkCommand } from './commands/check.ts'
import { importCommand } from './commands/import.ts'
import { profileCommand } from './commands/profile.ts'
import { rebuildCommand } from './commands/rebuild.ts'
import { shardsCommand } from './commands/shards.ts'
import { startCommand } from './commands/start.ts'
import { tailCommand } from './commands/tail.ts'
import { testCommand } from './commands/test.ts'
import { printableLines } from './printable.ts'

const program = new Command('pulseprint')
  .description('Realtime user profiles: user actions in, live counters and windows out.')
  .addCommand(startCommand())
  .addCommand(importCommand())
  .addCommand(checkCommand())
  .addCommand(testCommand())
  .addCommand(profileCommand())
  .addCommand(tailCommand())
  .addCommand(shardsCommand())
  .addCommand(rebuildCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addHelpText(
    'after',
    `
Commands talk to the engine at PULSEPRINT_HOST and PULSEPRINT_PORT, or at --url.
Exit codes: 0 done, 1 failed, 2 wrong usage.`,
  )
for (const command of [program, ...program.commands])
  command.exitOverride().showHelpAfterError('(see --help)')

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}

function exitCodeOf(error: unknown): number {
  // Commander has already said what was wrong, or shown the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof CliError) {
    console.error(printableLines(error.message))
    return error.exitCode
  }
  console.error(`pulseprint made a mistake: ${(error as Error)?.message ?? error}`)
  if (process.env.PULSEPRINT_DEBUG) console.error(error)
  else console.error('Set PULSEPRINT_DEBUG=1 to see where.')
  return EXIT.failed
}

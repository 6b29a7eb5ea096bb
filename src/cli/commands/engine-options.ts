// The options of every command that asks a running engine.
import type { Command } from 'commander'

export function withEngineOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the engine (default: PULSEPRINT_HOST and PULSEPRINT_PORT, http://127.0.0.1:8080)')
    .option('--key <key>', 'API key (default: PULSEPRINT_KEY)')
}

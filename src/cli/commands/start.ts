// `pulseprint start`: runs the engine until it is told to stop.
import { Command } from 'commander'
import type { RunningServer } from '../../app/running-server.ts'
import { PulseprintError } from '../../errors.ts'
import { CliError, EXIT, fileError } from '../cli-error.ts'
import { listProblems, partsOf } from './check.ts'

interface StartOptions {
  definition?: string
  host?: string
  port?: string
  data?: string
}

export function startCommand(): Command {
  return new Command('start')
    .description('Run the engine and its HTTP API.')
    .option('--definition <file>', 'the definition (default: PULSEPRINT_DEFINITION, or the built-in one)')
    .option('--host <host>', 'where to listen (default: PULSEPRINT_HOST, 127.0.0.1)')
    .option('--port <port>', 'where to listen (default: PULSEPRINT_PORT, 8080)')
    .option('--data <folder>', 'the data folder, without a cluster (default: PULSEPRINT_DATA, ./data)')
    .addHelpText(
      'after',
      `
Ctrl-C stops it cleanly; after a crash the next start goes on where it was.

With PULSEPRINT_NATS and PULSEPRINT_REDIS in the environment it runs as one node of a cluster. Actions are then kept on these
servers and the data folder is not used. docs/operations.md lists all settings.

Examples:
  pulseprint start --definition definition.yaml --data ./data
  PULSEPRINT_NATS=nats://10.0.0.5:4222 PULSEPRINT_REDIS=redis://10.0.0.6:6379 pulseprint start`,
    )
    .action(start)
}

async function start(options: StartOptions): Promise<void> {
  // Loaded late, because the engine is large and the other commands start faster without it.
  const { startServer } = await import('../../app/start-server.ts')
  const { DefinitionError } = await import('../../app/settings/configuration-files.ts')
  const { readSettings, SettingsError } = await import('../../app/settings/settings.ts')
  try {
    const server = await startServer(readSettings(withOptions(process.env, options)))
    console.log(welcome(server))
    stopOnSignal(() => server.stop())
  } catch (error) {
    if (error instanceof DefinitionError) throw new CliError(listProblems(error.origin, error.problems))
    if (error instanceof SettingsError) throw new CliError(error.message, EXIT.usage)
    if (error instanceof PulseprintError) throw new CliError(`${error.code}: ${error.message}`)
    throw systemError(error)
  }
}

/** Options win over the environment. */
export function withOptions(env: NodeJS.ProcessEnv, options: StartOptions): NodeJS.ProcessEnv {
  const given = {
    PULSEPRINT_DEFINITION: options.definition,
    PULSEPRINT_HOST: options.host,
    PULSEPRINT_PORT: options.port,
    PULSEPRINT_DATA: options.data,
  }
  return { ...env, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

/** The address at which the other commands look for an engine by default. */
const DEFAULT_URL = 'http://127.0.0.1:8080'

function welcome({ url, storage, definition, asksForKey }: RunningServer): string {
  const key = asksForKey ? " -H 'Authorization: Bearer KEY'" : ''
  return `Pulseprint is ready, with ${partsOf(definition)}.
  API   ${url}/v1
  Docs  ${url}/docs
  Data  ${storage}

Try it:
  curl ${url}/v1/actions${key} -H 'Content-Type: application/json' -d '{"userId":"u-17","action":"purchase"}'
  curl ${url}/v1/profiles/u-17${key}
  npx pulseprint tail actions${url === DEFAULT_URL ? '' : ` --url ${url}`}`
}

function stopOnSignal(stop: () => Promise<void>): void {
  const onSignal = async () => {
    // A second signal finds no listener and ends the process at once. Nothing acknowledged is lost.
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    console.log('Stopping.')
    await stop()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
}

function systemError(error: unknown): unknown {
  const { code, path, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') {
    return new CliError(`Something already listens on ${address}:${port}. Choose another --port.`)
  }
  return code !== undefined && path !== undefined ? fileError(path, error) : error
}

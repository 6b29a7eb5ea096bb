// What the engine says to its operator: one line per event on standard error, with the time and the
// facts as key=value. Keys and bodies of requests never go in.

export interface Logger {
  info(message: string, facts?: Record<string, unknown>): void
  warn(message: string, facts?: Record<string, unknown>): void
  error(message: string, facts?: Record<string, unknown>): void
}

export const consoleLogger: Logger = {
  info: (message, facts) => write('info', message, facts),
  warn: (message, facts) => write('warn', message, facts),
  error: (message, facts) => write('error', message, facts),
}

function write(level: string, message: string, facts: Record<string, unknown> = {}): void {
  const shown = Object.entries(facts).map(
    ([key, value]) => ` ${key}=${JSON.stringify(value instanceof Error ? value.message : value)}`,
  )
  process.stderr.write(`${new Date().toISOString()} ${level} ${message}${shown.join('')}\n`)
}

// What a command says if it cannot go on: one clear text and an exit code. Anything else that is
// thrown is our mistake.

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

export class CliError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

/** A file system error in words, with the path it is about. */
export function fileError(path: string, error: unknown): CliError {
  const { code, message } = error as { code?: string; message: string }
  return new CliError(`${path}: ${FILE_ERRORS[code ?? ''] ?? message}`)
}

const FILE_ERRORS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a directory, not a file',
  EACCES: 'permission denied',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
}

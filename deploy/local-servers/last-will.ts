// Ends processes that are in groups of their own should this process die without a word, killed
// with -9 for example: a server left behind would write into the same folder as the next one that
// is started on it.
import { type ChildProcess, spawn } from 'node:child_process'

/** Reads numbers of process groups until its input ends, which it does when we are no more. */
const EXECUTOR = 'while read -r group; do groups="$groups -$group"; done; kill -9 $groups 2>/dev/null'

export class LastWill {
  readonly #executor: ChildProcess

  constructor() {
    const stdio = ['pipe', 'ignore', 'ignore'] as const
    this.#executor = spawn('sh', ['-c', EXECUTOR], { stdio: [...stdio], detached: true })
    // It may be gone before us.
    this.#executor.stdin!.on('error', () => {})
  }

  add(group: number): void {
    this.#executor.stdin!.write(`${group}\n`)
  }

  /** To be called when all of them have ended. */
  revoke(): void {
    this.#executor.kill('SIGKILL')
  }
}

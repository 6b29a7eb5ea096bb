// Ends process groups if this process dies suddenly, for example by kill -9. A server left behind
// would write into the same folder as the next one.
import { type ChildProcess, spawn } from 'node:child_process'

/** Reads the numbers of process groups until its input ends. The input ends when this process does. */
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

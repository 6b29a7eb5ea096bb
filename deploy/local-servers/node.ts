// One node of the engine as a process of this machine, on a free port of its own.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import type { LastWill } from './last-will.ts'
import { LocalProcess } from './local-process.ts'
import { until } from './until.ts'

const PROGRAM = fileURLToPath(new URL('../../src/cli/pulseprint.ts', import.meta.url))
/** A node takes over shards and replays them before it is ready. */
const READY_WAIT_MS = 120_000
/** Longer than handing over every shard may take. */
const STOP_WAIT_MS = 30_000

export class EngineNode {
  readonly name: string
  readonly url: string
  readonly process: LocalProcess

  private constructor(name: string, url: string, process: LocalProcess) {
    this.name = name
    this.url = url
    this.process = process
  }

  /**
   * Resolves when the process is there; `ready` says when it may be sent requests.
   * @param folder for its log
   */
  static async spawn(
    name: string,
    folder: string,
    settings: NodeJS.ProcessEnv,
    lastWill: LastWill,
  ): Promise<EngineNode> {
    const port = await freePort()
    const own = {
      PULSEPRINT_NODE: name,
      PULSEPRINT_HOST: '127.0.0.1',
      PULSEPRINT_PORT: String(port),
      PULSEPRINT_THREADS: '1',
    }
    const options = { logFile: join(folder, `${name}.log`), env: { ...settings, ...own }, lastWill }
    const process_ = new LocalProcess(name, process.execPath, [PROGRAM, 'start'], options)
    return new EngineNode(name, `http://127.0.0.1:${port}`, process_)
  }

  async ready(): Promise<void> {
    await until(
      async () => {
        this.process.assertRunning()
        const answer = await fetch(`${this.url}/readyz`).catch(() => undefined)
        await answer?.body?.cancel()
        return answer?.ok
      },
      () => `${this.name} did not get ready\n${this.process.lastWords}`,
      READY_WAIT_MS,
    )
  }

  /** Lets it hand over its shards. Gives whether it ended by itself. */
  stop(): Promise<boolean> {
    return this.process.end('SIGTERM', STOP_WAIT_MS)
  }
}

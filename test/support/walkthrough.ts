// Does what a reader of a document does: types its commands in their order, in a folder like the
// checkout, and sees whether each does what the document shows.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished } from 'vitest'
import { type Block, blocksOf } from './documents.ts'
import { temporaryFolder } from './folders.ts'
import { notRunOf } from './not-run.ts'
import { NPM_CACHE } from './npm-cache.ts'
import { freePort } from './servers.ts'
import { expectJson, printsAll, printsSome } from './shown-output.ts'
import { root } from './source-files.ts'
import { pathWith } from './tool-path.ts'
import { until } from './until.ts'

/** What the documents call the engine. */
const SHOWN_URL = 'http://127.0.0.1:8080'
/** Commands that run until they are told to stop, and what they print when they are ready. */
const SERVERS: [RegExp, RegExp][] = [
  [/^(npm start|npx pulseprint start\b.*)$/m, /Pulseprint is ready.*?API +(http:\S+)\/v1/s],
  [/^npm run cluster$/m, /The cluster is ready.*?(http:\S+).*Ctrl-C stops all of it/s],
]
const ENDLESS = /^(curl -N|npx pulseprint tail) /
const PATIENCE_MS = 120_000

export class Walkthrough {
  readonly folder: string
  readonly #env: NodeJS.ProcessEnv
  /** What stands in a document, and what it is here. */
  readonly #replaced = new Map<string, string>()
  #url: string | undefined
  /** What each endless command has printed so far. */
  readonly watched: (() => string)[] = []

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder
    this.#env = env
  }

  /** Call inside a test: all that was started ends with it. */
  static async begin(): Promise<Walkthrough> {
    const folder = temporaryFolder()
    const port = await freePort()
    for (const name of readdirSync(root).filter(
      (entry) => !['.git', '.pulseprint', 'data', 'data-cluster'].includes(entry),
    ))
      symlinkSync(join(root, name), join(folder, name))
    const path = [ownCommands(folder), dirname(process.execPath), await pathWith('curl')].join(delimiter)
    const kept = Object.entries(process.env).filter(([name]) => !/^(PULSEPRINT_|npm_|VITEST)/i.test(name))
    const home = { XDG_STATE_HOME: join(folder, 'own-state') }
    const own = { ...NPM_CACHE, ...home, PATH: path, PULSEPRINT_PORT: String(port) }
    return new Walkthrough(folder, { ...Object.fromEntries(kept), ...own })
  }

  /** The address of the engine that was started last. */
  get url(): string {
    if (this.#url === undefined) throw new Error('no engine was started')
    return this.#url
  }

  /**
   * From here on, what a document calls the cluster's nodes and servers is what they say
   * themselves.
   */
  #useCluster(output: string): void {
    const settingOf = (name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(output)![1]!
    this.#replaced
      .set('http://127.0.0.1:PORT', this.url)
      .set('nats://nats-0:4222,nats://nats-1:4222,nats://nats-2:4222', settingOf('PULSEPRINT_NATS'))
      .set('redis://redis:6379', settingOf('PULSEPRINT_REDIS'))
      .set('--port 8081', '--port 0')
  }

  /** Uses an engine that runs already. */
  use(url: string): void {
    this.#url = url
    this.#env.PULSEPRINT_PORT = new URL(url).port
  }

  /** Runs all commands of a document, those aside that are listed as not run. */
  async read(document: string): Promise<void> {
    const blocks = blocksOf(document)
    const notRun = notRunOf(document)
    for (const [index, block] of blocks.entries()) {
      if (block.language !== 'sh' || notRun.includes(block.text)) continue
      const next = blocks[index + 1]
      const shown = next?.followsBlock && ['json', 'text'].includes(next.language) ? next : undefined
      await this.#run(block, shown).catch((error: unknown) => {
        throw new Error(`${document}:${block.line}: ${(error as Error).message}`, { cause: error })
      })
    }
    for (const output of this.watched) {
      await until(
        () => output().includes('\n'),
        () => `${document}: a command that goes on has printed nothing`,
        PATIENCE_MS,
      )
    }
  }

  async #run({ text }: Block, shown: Block | undefined): Promise<void> {
    const server = SERVERS.find(([command]) => command.test(text))
    if (server) return this.#serve(text, server[1])
    if (ENDLESS.test(text)) return this.#watch(text, shown)
    const { stdout } = await promisify(execFile)('sh', ['-ec', this.#typed(text)], this.#options())
    if (text.startsWith('curl ') && !shown?.text.includes('"code"')) {
      const answer: unknown = stdout.startsWith('{') ? JSON.parse(stdout) : {}
      expect(answer, text).not.toHaveProperty('code')
    }
    if (shown?.language === 'json') expectJson(stdout, shown.text)
    else if (shown) expect(printsAll(stdout, shown.text), `${stdout}\nis not\n${shown.text}`).toBe(true)
  }

  #typed(text: string): string {
    let typed = this.#url === undefined ? text : text.replaceAll(SHOWN_URL, this.#url)
    for (const [shown, actual] of this.#replaced) typed = typed.replaceAll(shown, actual)
    return typed.replace(/^curl /gm, 'curl --silent --show-error ')
  }

  #options() {
    return { cwd: this.folder, env: this.#env, timeout: PATIENCE_MS }
  }

  async #serve(text: string, ready: RegExp): Promise<void> {
    const child = this.#start(text)
    const output = outputOf(child)
    const [, url] = await until(
      () => {
        if (child.exitCode !== null) throw new Error(output())
        return ready.exec(output()) ?? undefined
      },
      output,
      PATIENCE_MS,
    )
    this.use(String(url))
    if (text.includes('cluster')) this.#useCluster(output())
  }

  /**
   * Waits for what is shown. If nothing is, what follows in the document makes it print something.
   */
  async #watch(text: string, shown: Block | undefined): Promise<void> {
    const output = outputOf(this.#start(text))
    this.watched.push(output)
    if (!shown) return
    await until(
      () => printsSome(output(), shown.text),
      () => `${text} printed\n${output()}`,
      PATIENCE_MS,
    )
  }

  #start(text: string): ChildProcess {
    // A group of its own, so that what npm or the shell has started ends too.
    const child = spawn('sh', ['-ec', this.#typed(text)], { ...this.#options(), timeout: 0, detached: true })
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'close')
      process.kill(-child.pid!, 'SIGTERM')
      await ended
    })
    return child
  }
}

function outputOf(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return () => output
}

/**
 * A folder for the PATH where `npx pulseprint` is this checkout's launcher, without npm's own
 * second.
 */
function ownCommands(folder: string): string {
  const bin = join(folder, 'own-bin')
  mkdirSync(bin)
  const launcher = join(root, 'bin', 'pulseprint.mjs')
  writeFileSync(
    join(bin, 'npx'),
    `#!/bin/sh\n[ "$1" = pulseprint ] || exit 127\nshift\nexec "${process.execPath}" "${launcher}" "$@"\n`,
  )
  chmodSync(join(bin, 'npx'), 0o755)
  return bin
}

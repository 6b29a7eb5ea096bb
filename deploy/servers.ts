// Finds the servers and the browser that tests and benchmarks need: on the PATH, else in .cache/, else fetched there
// as Debian packages. A missing one is an error with a way out, never a reason to skip.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { libraryFolders, unpackDebianPackages, unpackFromSuite } from './debian-packages.ts'

interface Provision {
  /** Commands that will do, in order of preference. */
  commands: readonly string[]
  /** All that hold a part of it: those on the system already would otherwise not be unpacked beside the binary. */
  debianPackages: readonly string[]
  /** Its binary inside the package, past any wrapper script that knows only system paths. */
  binary: string
  /** The Debian suite to take the package from, where the system's own is too old. */
  suite?: string
  /** The oldest version that will do; one on the PATH is asked for its own. */
  versionMin?: string
}

const PROVISIONS = {
  'redis-server': {
    commands: ['redis-server'],
    debianPackages: ['redis-server', 'redis-tools'],
    binary: 'usr/bin/redis-server',
  },
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    debianPackages: ['chromium', 'chromium-common'],
    binary: 'usr/lib/chromium/chromium',
  },
  'nats-server': {
    commands: ['nats-server'],
    debianPackages: ['nats-server'],
    binary: 'usr/sbin/nats-server',
    suite: 'sid',
    versionMin: '2.14.5',
  },
} as const satisfies Record<string, Provision>

export type ServerName = keyof typeof PROVISIONS

const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url))

/** The path of an executable, ready to be spawned. */
export async function ensureServer(name: ServerName): Promise<string> {
  const cached = join(CACHE, name, 'run')
  return (await findOnPath(PROVISIONS[name])) ?? ((await isExecutable(cached)) ? cached : fetchServer(name))
}

async function findOnPath({ commands, versionMin }: Provision): Promise<string | undefined> {
  for (const command of commands) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, command)
      if (folder === '' || !(await isExecutable(path))) continue
      if (versionMin === undefined || (await isVersion(path, versionMin))) return path
    }
  }
  return undefined
}

/** Whether the server's own version, of three numbers, is at least the one given. */
async function isVersion(path: string, versionMin: string): Promise<boolean> {
  const { stdout } = await promisify(execFile)(path, ['--version']).catch(() => ({ stdout: '' }))
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0]
  return version !== undefined && version.localeCompare(versionMin, 'en', { numeric: true }) >= 0
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Unpacked beside its final place and renamed when complete, so that an interrupted fetch leaves nothing half done. */
async function fetchServer(name: ServerName): Promise<string> {
  const { debianPackages, binary, suite }: Provision = PROVISIONS[name]
  console.error(`pulseprint: fetching ${name} as a Debian package into .cache/ (once) …`)
  const place = join(CACHE, name)
  const draft = `${place}.${randomUUID()}`
  try {
    const into = join(draft, 'root')
    if (suite === undefined) await unpackDebianPackages(debianPackages, into, CACHE)
    else await unpackFromSuite(suite, debianPackages, into, CACHE)
    await writeWrapper(draft, place, binary)
    await rm(place, { recursive: true, force: true })
    await rename(draft, place)
  } catch (error) {
    throw new Error(
      `${name} is not on the PATH and could not be fetched; install it by hand and run again.\n${error}`,
    )
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return join(place, 'run')
}

/** The wrapper names the libraries and fonts that came with the package, after the rename. */
async function writeWrapper(draft: string, place: string, binary: string): Promise<void> {
  await mkdir(draft, { recursive: true })
  const libraries = (await libraryFolders(join(draft, 'root'))).map((folder) => folder.replace(draft, place))
  const fonts = join(draft, 'root', 'etc', 'fonts', 'fonts.conf')
  const lines = ['#!/bin/sh', `export LD_LIBRARY_PATH='${libraries.join(':')}'`]
  if (
    await access(fonts).then(
      () => true,
      () => false,
    )
  )
    lines.push(`export FONTCONFIG_FILE='${fonts.replace(draft, place)}'`)
  lines.push(`exec '${join(place, 'root', binary)}' "$@"`)
  await writeFile(join(draft, 'run'), `${lines.join('\n')}\n`, { mode: 0o755 })
}

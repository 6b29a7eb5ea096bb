// Finds the servers and the browser that tests and benchmarks need: on the PATH, else in .cache/, else fetched there
// as Debian packages. A missing one is an error with a way out, never a reason to skip.
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { libraryFolders, unpackDebianPackages } from './debian-packages.ts'

interface Provision {
  /** Commands that will do, in order of preference. */
  commands: readonly string[]
  /** All that hold a part of it: those on the system already would otherwise not be unpacked beside the binary. */
  debianPackages: readonly string[]
  /** Its binary inside the package, past any wrapper script that knows only system paths. */
  binary: string
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
} as const satisfies Record<string, Provision>

export type ServerName = keyof typeof PROVISIONS

const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url))

/** The path of an executable, ready to be spawned. */
export async function ensureServer(name: ServerName): Promise<string> {
  const cached = join(CACHE, name, 'run')
  return (
    (await findOnPath(PROVISIONS[name].commands)) ??
    ((await isExecutable(cached)) ? cached : fetchServer(name))
  )
}

async function findOnPath(commands: readonly string[]): Promise<string | undefined> {
  for (const command of commands) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, command)
      if (folder !== '' && (await isExecutable(path))) return path
    }
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Unpacked beside its final place and renamed when complete, so that an interrupted fetch leaves nothing half done. */
async function fetchServer(name: ServerName): Promise<string> {
  const { debianPackages, binary } = PROVISIONS[name]
  console.error(`pulseprint: fetching ${name} as a Debian package into .cache/ (once) …`)
  const place = join(CACHE, name)
  const draft = `${place}.${randomUUID()}`
  try {
    await unpackDebianPackages(debianPackages, join(draft, 'root'), CACHE)
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

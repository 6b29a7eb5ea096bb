// Finds the servers, the browser and the tools that tests and benchmarks need: on the PATH, else in
// .cache/, else fetched there as Debian packages. A missing one is an error with a way out, never a
// reason to skip.
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
  /**
   * All packages that hold a part of it. Otherwise those that the system has would not be unpacked
   * beside the binary.
   */
  debianPackages: readonly string[]
  /** Its binary inside the package, past any wrapper script that knows only system paths. */
  binary: string
  /** Arguments with which it starts, does its least, and ends: run once after it was fetched. */
  trial: readonly string[]
  /** Folders of the unpacked tree that a variable must name, by variable. */
  folders?: Readonly<Record<string, string>>
  /** The Debian suite to take the package from, if the system's own is too old. */
  suite?: string
  /** The oldest version that will do; one on the PATH is asked for its own. */
  versionMin?: string
}

const PROVISIONS = {
  'redis-server': {
    commands: ['redis-server'],
    debianPackages: ['redis-server', 'redis-tools'],
    binary: 'usr/bin/redis-server',
    trial: ['--version'],
  },
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    // Without a font, text has no size and a browser shows none of it.
    debianPackages: ['chromium', 'chromium-common', 'fonts-dejavu-core'],
    binary: 'usr/lib/chromium/chromium',
    trial: ['--headless', '--no-sandbox', '--disable-gpu', '--dump-dom', 'about:blank'],
  },
  'nats-server': {
    commands: ['nats-server'],
    debianPackages: ['nats-server'],
    binary: 'usr/sbin/nats-server',
    trial: ['--version'],
    suite: 'sid',
    versionMin: '2.14.5',
  },
  curl: { commands: ['curl'], debianPackages: ['curl'], binary: 'usr/bin/curl', trial: ['--version'] },
  openssl: {
    commands: ['openssl'],
    debianPackages: ['openssl'],
    binary: 'usr/bin/openssl',
    trial: ['version'],
  },
  debootstrap: {
    commands: ['debootstrap'],
    debianPackages: ['debootstrap', 'wget'],
    binary: 'usr/sbin/debootstrap',
    trial: ['--version'],
    folders: { DEBOOTSTRAP_DIR: 'usr/share/debootstrap', PATH: 'usr/bin' },
  },
} as const satisfies Record<string, Provision>

export type ServerName = keyof typeof PROVISIONS

const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url))

/** The path of an executable, ready to be spawned. */
export async function ensureServer(name: ServerName): Promise<string> {
  const cached = wrapperOf(name)
  return (await findOnPath(PROVISIONS[name])) ?? ((await isExecutable(cached)) ? cached : fetchServer(name))
}

/**
 * The wrapper that starts a fetched program: in a folder of its own, so that it can be put on the
 * PATH.
 */
function wrapperOf(name: ServerName, place = join(CACHE, name)): string {
  return join(place, 'bin', name)
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

function isExecutable(path: string): Promise<boolean> {
  return isAllowed(path, constants.X_OK)
}

async function isAllowed(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}

/**
 * Unpacked beside its final place and renamed when complete, so that an interrupted fetch leaves
 * nothing half done.
 */
async function fetchServer(name: ServerName): Promise<string> {
  const provision: Provision = PROVISIONS[name]
  const { debianPackages, suite, trial } = provision
  console.error(`pulseprint: fetching ${name} as a Debian package into .cache/ (once) …`)
  const place = join(CACHE, name)
  const draft = `${place}.${randomUUID()}`
  try {
    const into = join(draft, 'root')
    if (suite === undefined) await unpackDebianPackages(debianPackages, into, CACHE)
    else await unpackFromSuite(suite, debianPackages, into, CACHE)
    await writeWrapper(name, draft, draft)
    await tryOut(wrapperOf(name, draft), trial)
    await writeWrapper(name, draft, place)
    await rm(place, { recursive: true, force: true })
    await rename(draft, place)
  } catch (error) {
    const why = error instanceof Error ? error.message : error
    throw new Error(
      `${name} is not on the PATH and could not be fetched; install it by hand and run again.\n${why}`,
    )
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return wrapperOf(name)
}

/**
 * A wrapper in `draft` for when the tree stands at `place`: it names the libraries, fonts and
 * folders that came with it.
 */
async function writeWrapper(name: ServerName, draft: string, place: string): Promise<void> {
  const { binary, folders = {} }: Provision = PROVISIONS[name]
  const root = join(draft, 'root')
  const placed = (path: string) => path.replace(draft, place)
  const libraries = (await libraryFolders(root)).map(placed)
  const variables: [string, string][] = [['LD_LIBRARY_PATH', libraries.join(':')]]
  for (const [variable, folder] of Object.entries(folders)) {
    const path = placed(join(root, folder))
    variables.push([variable, variable === 'PATH' ? `$PATH:${path}` : path])
  }
  if (await isAllowed(join(root, FONTS), constants.R_OK)) {
    const file = join(draft, 'fonts.conf')
    await writeFile(file, fontsConfiguration(placed(join(root, FONTS)), placed(join(draft, 'fonts-cache'))))
    variables.push(['FONTCONFIG_FILE', placed(file)])
  }
  const lines = [
    '#!/bin/sh',
    ...variables.map(([variable, value]) => `export ${variable}="${value}"`),
    `exec '${placed(join(root, binary))}' "$@"`,
  ]
  await mkdir(join(draft, 'bin'), { recursive: true })
  await writeFile(wrapperOf(name, draft), `${lines.join('\n')}\n`, { mode: 0o755 })
}

const FONTS = 'usr/share/fonts'

/** The fonts that came with the package, and those of the machine. */
function fontsConfiguration(folder: string, cache: string): string {
  const folders = [folder, `/${FONTS}`].map((path) => `<dir>${path}</dir>`)
  return `<?xml version="1.0"?>\n<fontconfig>${folders.join('')}<cachedir>${cache}</cachedir></fontconfig>\n`
}

/** Starts it once. Throws if it does not, with the library that it lacks by name. */
async function tryOut(path: string, trial: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(path, trial, { timeout: 60_000, maxBuffer: 1 << 24 })
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    const missing = /loading shared libraries: (\S+?):/.exec(stderr)?.[1]
    throw new Error(
      missing ? `it was fetched, but lacks the library ${missing}` : `it does not start: ${error}`,
    )
  }
}

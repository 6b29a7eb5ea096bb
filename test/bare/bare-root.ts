// A bare Debian as a folder: made once with debootstrap and kept in .cache/, copied for each run.
// It holds what Debian calls minimal, git and certificates; of this machine it gets Node, npm,
// their registry configuration and the way to the network.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { DEBIAN_KEYRING, DEBIAN_MIRROR } from '../../deploy/debian-packages.ts'
import { ensureServer } from '../../deploy/servers.ts'

const SUITE = 'bookworm'
const PACKAGES = ['ca-certificates', 'git']

/** Why no bare root can be made or entered here; undefined when it can. */
export function whyNoBareRoot(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`
  if (process.getuid?.() !== 0) return 'this is not root'
  const { status } = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true'])
  return status === 0 ? undefined : 'this machine lets nobody make a mount namespace'
}

/**
 * A fresh bare root in `folder`, which must not exist. Throws when debootstrap cannot be had, or
 * fails.
 */
export async function makeBareRoot(cache: string, folder: string): Promise<void> {
  const pristine = join(cache, `bare-${SUITE}`)
  if (!existsSync(pristine)) await bootstrap(pristine)
  run('cp', ['-a', pristine, folder])
  giveNode(folder)
  giveNetwork(folder)
}

async function bootstrap(pristine: string): Promise<void> {
  const draft = `${pristine}.draft`
  removeTree(draft)
  mkdirSync(dirname(draft), { recursive: true })
  console.log(`bare: making a bare Debian ${SUITE} with debootstrap (once, about a minute) …`)
  const options = ['--variant=minbase', `--include=${PACKAGES.join(',')}`, `--keyring=${DEBIAN_KEYRING}`]
  run(await ensureServer('debootstrap'), [...options, SUITE, draft, DEBIAN_MIRROR])
  renameSync(draft, pristine)
}

/**
 * The Node and npm that a newcomer would find: those of this machine, not the packaged ones of the
 * project.
 */
function giveNode(folder: string): void {
  const own = (path: string) => !path.includes('node_modules')
  const node = (process.env.PATH ?? '')
    .split(delimiter)
    .filter(own)
    .map((path) => join(path, 'node'))
    .find((path) => existsSync(path))
  if (!node) throw new Error('there is no node on the PATH')
  const npm = dirname(dirname(realpathSync(process.env.npm_execpath ?? join(dirname(node), 'npm'))))
  const local = join(folder, 'usr/local')
  cpSync(realpathSync(node), join(local, 'bin/node'))
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true })
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, `bin/${name}`))
}

/** How this machine reaches its registries: names, certificates and npm's settings. */
function giveNetwork(folder: string): void {
  const npmrc = process.env.npm_config_userconfig ?? join(homedir(), '.npmrc')
  const files = [
    ['/etc/resolv.conf', '/etc/resolv.conf'],
    ['/etc/hosts', '/etc/hosts'],
    [process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt', CERTIFICATES],
    [npmrc, NPMRC],
  ] as const
  for (const [from, to] of files) if (existsSync(from)) cpSync(realpathSync(from), join(folder, to))
}

export const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
export const NPMRC = '/etc/npmrc'

/** Removes a tree, unless anything is mounted in it: then removing could reach outside. */
export function removeTree(folder: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const inside = mounts
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => `${path}/`.startsWith(`${folder}/`))
  if (inside.length > 0) throw new Error(`${inside.join(', ')} is mounted: ${folder} is left alone`)
  rmSync(folder, { recursive: true, force: true })
}

export function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (error || status !== 0) throw new Error(`${command} failed${error ? `: ${error.message}` : ''}`)
}

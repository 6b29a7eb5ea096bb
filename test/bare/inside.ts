// Runs commands inside a bare root: with mounts and processes of their own, which end with the
// command, and with nothing of the environment of this process but how the registries are reached.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { CERTIFICATES, NPMRC } from './bare-root.ts'

/**
 * $1 is the root, $2 the folder inside; the command follows. Nothing of /dev but what debootstrap
 * made is there.
 */
const ENTER = `
set -e
root=$1; folder=$2; shift 2
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs -o size=2g tmpfs "$root/dev/shm"
mount -t tmpfs -o ro tmpfs "$root/root"
exec chroot "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
`

const NETWORK_VARIABLES = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'npm_config_registry',
]

/** A home that nobody can write to, no language and no time zone. */
function environment(extra: Record<string, string>): Record<string, string> {
  const passed = NETWORK_VARIABLES.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    NODE_EXTRA_CA_CERTS: CERTIFICATES,
    NPM_CONFIG_USERCONFIG: NPMRC,
    ...Object.fromEntries(passed),
    ...extra,
  }
}

export function startInside(
  root: string,
  folder: string,
  command: readonly string[],
  extra: Record<string, string> = {},
): ChildProcess {
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child']
  return spawn('unshare', [...namespaces, 'sh', '-c', ENTER, 'enter', root, folder, ...command], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment(extra),
  })
}

/** The exit code of a command that ends by itself. */
export async function runInside(root: string, folder: string, command: readonly string[]): Promise<number> {
  const child = startInside(root, folder, command)
  const [code] = await once(child, 'exit')
  return (code as number | null) ?? 1
}

// Unpacks Debian packages and the libraries that the machine lacks into a folder, without root and
// without touching the system: apt resolves and verifies, with lists and archives of its own.
import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const DEBIAN_MIRROR = 'http://deb.debian.org/debian'

/** What Debian signs its suites with, as the package debian-archive-keyring installs it. */
export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Throws, with what apt said, where apt is missing, the network is away or a package is unknown.
 */
export async function unpackDebianPackages(
  names: readonly string[],
  into: string,
  cache: string,
): Promise<void> {
  const state = join(cache, `apt.${names[0]}`)
  await mkdir(join(state, 'lists', 'partial'), { recursive: true })
  await mkdir(join(state, 'archives', 'partial'), { recursive: true })
  const apt = (...args: string[]) => run('apt-get', [...privateState(state), ...args], { maxBuffer: 1 << 26 })
  // --reinstall brings the named packages even if the system has them, but not the libraries it has.
  const install = (how: string) =>
    apt('install', '--reinstall', '-y', '--no-install-recommends', how, ...names)
  await apt('update')
  const plan = await install('--print-uris')
  const archives = [...plan.stdout.matchAll(/^'\S+' (\S+\.deb) /gm)].map((match) => String(match[1]))
  if (archives.length === 0) throw new Error(`apt-get offers no package of ${names.join(', ')}`)
  await install('--download-only')
  await mkdir(into, { recursive: true })
  for (const archive of archives) await run('dpkg', ['-x', join(state, 'archives', archive), into])
  await rm(state, { recursive: true, force: true })
}

/**
 * Unpacks packages of another Debian suite as they are, without what they depend on: for a binary
 * that needs little more than libc. The system's own sources are not looked at. Throws as above.
 */
export async function unpackFromSuite(
  suite: string,
  names: readonly string[],
  into: string,
  cache: string,
): Promise<void> {
  const state = join(cache, `apt.${names[0]}`)
  const archives = join(state, 'archives')
  await mkdir(join(state, 'lists', 'partial'), { recursive: true })
  await mkdir(join(archives, 'partial'), { recursive: true })
  const list = join(state, 'sources.list')
  await writeFile(list, `deb [signed-by=${DEBIAN_KEYRING}] ${DEBIAN_MIRROR} ${suite} main\n`)
  const sources = ['-o', `Dir::Etc::sourcelist=${list}`, '-o', 'Dir::Etc::sourceparts=/dev/null']
  const apt = (...args: string[]) =>
    run('apt-get', [...privateState(state), ...sources, ...args], { cwd: archives, maxBuffer: 1 << 26 })
  await apt('update')
  await apt('download', ...names)
  await mkdir(into, { recursive: true })
  for (const file of await readdir(archives)) {
    if (file.endsWith('.deb')) await run('dpkg', ['-x', join(archives, file), into])
  }
  await rm(state, { recursive: true, force: true })
}

function privateState(state: string): string[] {
  const options = [
    `Dir::State::lists=${state}/lists`,
    `Dir::Cache=${state}`,
    `Dir::Cache::archives=${state}/archives`,
    'Debug::NoLocking=true',
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    // A mirror may stand still for longer than Debian means its lists to hold; what signs them is
    // checked all the same.
    'Acquire::Check-Valid-Until=false',
  ]
  return ['-q', ...options.flatMap((option) => ['-o', option])]
}

/**
 * Every folder of an unpacked tree that holds a shared library, for LD_LIBRARY_PATH: packages have
 * private ones, too.
 */
export async function libraryFolders(tree: string): Promise<string[]> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true })
  const libraries = entries.filter((entry) => !entry.isDirectory() && /\.so(\.\d+)*$/.test(entry.name))
  return [...new Set(libraries.map(({ parentPath }) => parentPath))].sort()
}

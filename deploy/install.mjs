// Brings node_modules in line with package-lock.json before a command runs. It is plain JavaScript
// without dependencies, for the Node found on a fresh machine; the command itself then runs on the
// pinned Node in node_modules.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * npm leaves a copy of the lockfile in node_modules when an installation is complete; compared by
 * content, for a checkout touches times.
 */
function isUpToDate() {
  const installed = packagesOf('node_modules/.package-lock.json')
  if (installed === undefined) return false
  return Object.entries(packagesOf('package-lock.json')).every(([path, wanted]) => {
    if (path === '') return true
    const found = installed[path]
    return found === undefined ? wanted.optional === true : found.version === wanted.version
  })
}

function packagesOf(lockfile) {
  const path = root + lockfile
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined
}

function install() {
  console.error('pulseprint: installing dependencies with npm ci (about 10 seconds to a minute, once) …')
  const started = Date.now()
  // Warnings about the engines of packages speak of this Node; the pinned one runs them.
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm, ...options]] : ['npm', options]
  const shell = command === 'npm' && process.platform === 'win32'
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell,
    env: { ...process.env, ...cacheFolder() },
  })
  if (error || status !== 0)
    stop(`npm ci failed${error ? `: ${error.message}` : ''}; see above, then run the command again.`)
  console.error(`pulseprint: dependencies installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
}

/**
 * npm keeps its cache in the home folder; when nobody can write there, it is kept in the checkout.
 */
function cacheFolder() {
  try {
    mkdirSync(homedir(), { recursive: true })
    accessSync(homedir(), constants.W_OK)
    return {}
  } catch {
    return { npm_config_cache: `${root}.cache/npm` }
  }
}

function stop(message) {
  console.error(`pulseprint: ${message}`)
  process.exit(1)
}

if (!isUpToDate()) install()
if (!existsSync(`${root}node_modules/.bin/node`) && Number.parseInt(process.versions.node, 10) < 24) {
  stop(
    `there is no packaged Node 24 for ${process.platform} ${process.arch}: install Node 24 or newer (this is ${process.version}).`,
  )
}

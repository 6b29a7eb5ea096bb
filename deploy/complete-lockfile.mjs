// Adds to package-lock.json the optional packages of other platforms that the registry at hand did
// not offer, so that `npm ci` finds the lockfile complete everywhere. A registry that mirrors one
// platform only makes npm leave them out.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

/** What a package runs on, read from its name: `@biomejs/cli-linux-x64-musl` → linux, x64, musl. */
function platformOf(name) {
  const words = name.split(/[/-]/).map((word) => (word === 'win' ? 'win32' : word))
  const libc = words.includes('musl') ? ['musl'] : undefined
  const cpu = processors.filter((processor) => words.includes(processor))
  // lightningcss and rolldown write musleabihf and gnueabihf for 32-bit ARM, win32-x64-msvc for
  // Windows.
  return { cpu, os: systems.filter((system) => words.includes(system)), ...(libc && { libc }) }
}

function missingOptionals() {
  const missing = []
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isLocked(path, name)) continue
      const platform = platformOf(name)
      if (!/^\d/.test(version) || platform.os.length + platform.cpu.length === 0) {
        throw new Error(
          `${name}@${version}, optional for ${path}, is not locked and names no platform; lock it by hand`,
        )
      }
      missing.push([
        `node_modules/${name}`,
        { version, ...platform, ...(entry.dev && { dev: true }), optional: true },
      ])
    }
  }
  return missing
}

/** Looks where Node would: beside the package, then in each folder above it. */
function isLocked(path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (lock.packages[at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`]) return true
    if (at === '') return false
  }
}

const missing = missingOptionals()
const packages = Object.entries(lock.packages).concat(missing)
packages.sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`)
console.log(`package-lock.json is complete; ${missing.length} packages of other platforms added`)

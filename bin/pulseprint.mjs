#!/usr/bin/env node
// Starts the command line on Node 24, whatever Node it was called with: TypeScript in a checkout,
// compiled JavaScript if the package is installed. Plain JavaScript, so that an old Node gets as
// far as a clear message.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const source = fileURLToPath(new URL('../src/cli/pulseprint.ts', import.meta.url))
const compiled = fileURLToPath(new URL('../dist/src/cli/pulseprint.js', import.meta.url))
// A checkout may hold an old build, a package never holds src/.
const inCheckout = existsSync(source)
const entry = inCheckout ? source : compiled

if (inCheckout) await import('../deploy/install.mjs')
if (process.env.npm_command === 'exec') await import('./end-with-npm.mjs')
if (Number.parseInt(process.versions.node, 10) >= 24) {
  process.argv[1] = entry
  await import(pathToFileURL(entry).href)
} else {
  runOnPinnedNode()
}

function runOnPinnedNode() {
  const node = pinnedNode()
  if (node === undefined) {
    console.error(
      `pulseprint: needs Node 24 or newer; this is ${process.version}, and no packaged Node 24 was installed.`,
    )
    process.exit(1)
  }
  const bond = new URL('./end-with-parent.mjs', import.meta.url).href
  // In a process group of its own: a terminal's Ctrl-C reaches the launcher only, and the engine
  // once.
  const child = spawn(node, ['--import', bond, entry, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
    // glibc keeps large freed buffers otherwise; it looks only when a process starts.
    env: { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', ...process.env },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`pulseprint: ${node} does not run: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** The binary of the optional package for this platform; npm installs only the one that fits. */
function pinnedNode() {
  const { platform, arch } = process
  const require = createRequire(import.meta.url)
  const windows = platform === 'win32'
  const name = windows
    ? `node-win-${arch}`
    : `node-${platform === 'darwin' && arch === 'arm64' ? 'bin-' : ''}${platform}-${arch}`
  try {
    return require.resolve(`${name}/bin/node${windows ? '.exe' : ''}`)
  } catch {
    return undefined
  }
}

// Compiles src, actors and api into dist/ for the package. Only `npm pack` and `npm publish` need
// it: a checkout runs its TypeScript directly, while Node strips no types under node_modules.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = `${root}node_modules/typescript/bin/tsc`

rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})

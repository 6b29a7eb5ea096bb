// Where the command line lies that tests start: one bundle of src/, actors/ and api/ with all
// packages but the native ones, which each run builds anew. A start loads a dozen files instead of
// 1,400, and costs half.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../.cache/engine/', import.meta.url))

/** Not for the project `quick`, which builds no bundle. */
export const PROGRAM = `${FOLDER}pulseprint.js`

/** Called by vitest before the first test. */
export async function setup(): Promise<void> {
  // Only here: test files import this file, too.
  const { build } = await import('rolldown')
  const { output } = await build({
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    // A thread has an entry of its own; it lies beside the file that starts it, as in src/app.
    input: { pulseprint: 'src/cli/pulseprint.ts', 'worker-thread': 'src/app/worker-thread.ts' },
    platform: 'node',
    external: ['lmdb', 'msgpackr'],
    output: { chunkFileNames: '[name].js' },
    write: false,
  })
  await mkdir(FOLDER, { recursive: true })
  for (const file of output) {
    if (file.type === 'asset') throw new Error(`${file.fileName} is no code`)
    // Another run may be starting engines from these files: each of them is whole at any time.
    const unfinished = `${FOLDER}${file.fileName}.${process.pid}`
    await writeFile(unfinished, file.code)
    await rename(unfinished, FOLDER + file.fileName)
  }
}

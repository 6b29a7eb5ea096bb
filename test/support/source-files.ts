// Lists the files of this repository for the tests that read its own source.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Paths from the root, sorted, of the files under the folders whose names end in one of the
 * endings; of '.' only its own files.
 */
export function listFiles(folders: readonly string[], ...endings: string[]): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' }).map((name) =>
        folder === '.' ? name : `${folder}/${name}`,
      ),
    )
    .filter((path) => endings.some((ending) => path.endsWith(ending)) && statSync(join(root, path)).isFile())
    .sort()
}

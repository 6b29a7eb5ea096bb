// Another commit of this repository beside ours, ready to be started: a worktree in a temporary
// folder, with packages, that is gone after the run.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cleanup } from '../cleanup.ts'
import { OWN_ROOT } from '../server-process.ts'

export interface Version {
  /** As the report calls it. */
  name: string
  root: string
}

/** This checkout, whether or not git knows it. */
export const OURS: Version = { name: 'ours', root: OWN_ROOT }

/** The same, with its commit. */
export function ownVersion(): Version {
  const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
  return { ...OURS, name: `ours, ${shortName('HEAD')}${isChanged ? ' with changes' : ''}` }
}

/** @param ref whatever git takes for a commit */
export async function checkOut(ref: string, cleanup: Cleanup, say: (text: string) => void): Promise<Version> {
  const commit = git('rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`)
  const root = await mkdtemp(join(tmpdir(), 'pulseprint-bench-against-'))
  cleanup.defer(async () => {
    try {
      git('worktree', 'remove', '--force', root)
    } catch {
      // It was interrupted before git knew of it.
      await rm(root, { recursive: true, force: true })
    }
  })
  say(`${ref} is checked out at ${root}`)
  git('worktree', 'add', '--quiet', '--detach', root, commit)
  if (ourPackagesServe(root)) symlinkSync(join(OWN_ROOT, 'node_modules'), join(root, 'node_modules'), 'dir')
  else await install(root, cleanup)
  const name = commit.startsWith(ref) ? shortName(commit) : `${ref}, ${shortName(commit)}`
  return { name, root }
}

/** Whether every package of that checkout is locked by ours too, at the same version. */
function ourPackagesServe(root: string): boolean {
  const ours = lockedBy(OWN_ROOT)
  return Object.entries(lockedBy(root)).every(
    ([path, { version }]) => path === '' || ours[path]?.version === version,
  )
}

function lockedBy(root: string): Record<string, { version?: string }> {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
}

async function install(root: string, cleanup: Cleanup): Promise<void> {
  const stdio = ['ignore', 'inherit', 'inherit'] as const
  const installing = spawn(process.execPath, ['deploy/install.mjs'], { cwd: root, stdio: [...stdio] })
  const ended = once(installing, 'exit')
  const stop = cleanup.defer(async () => {
    installing.kill()
    await ended
  })
  const [code] = await ended
  await stop()
  if (code !== 0) throw new Error(`the packages of ${root} were not installed`)
}

function shortName(ref: string): string {
  return git('rev-parse', '--short', ref)
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: OWN_ROOT, encoding: 'utf8' }).trim()
}

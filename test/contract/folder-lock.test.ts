import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { lockFolder } from '../../src/ownership/folder-lock.ts'
import { SingleProcessOwnership } from '../../src/ownership/single-process-ownership.ts'
import { temporaryFolder } from '../support/folders.ts'
import { shardOwnershipContract } from './shard-ownership.contract.ts'

shardOwnershipContract('single process', async () => new SingleProcessOwnership())

test('a second process on the same data folder is refused until the first has gone', () => {
  const folder = temporaryFolder()
  const first = lockFolder(folder)
  expect(() => lockFolder(`${folder}/.`)).toThrow(expect.objectContaining({ code: 'DATA_FOLDER_IN_USE' }))
  first.release()
  lockFolder(folder).release()
})

test('a killed process leaves nothing behind that holds the folder', async () => {
  const folder = temporaryFolder()
  const module = new URL('../../src/ownership/folder-lock.ts', import.meta.url).href
  const script = `
    const { lockFolder } = await import(${JSON.stringify(module)})
    lockFolder(${JSON.stringify(folder)})
    console.log('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(holder.stdout, 'data')
  expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'DATA_FOLDER_IN_USE' }))
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  lockFolder(folder).release()
})

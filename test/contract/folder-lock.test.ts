import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { lockFolder } from '../../src/ownership/folder-lock.ts'
import { SingleProcessOwnership } from '../../src/ownership/single-process-ownership.ts'
import { temporaryFolder } from '../support/folders.ts'
import { shardOwnershipContract } from './shard-ownership.contract.ts'

shardOwnershipContract('single process', async () => new SingleProcessOwnership())

test('a second process on the same data folder is refused until the first has gone', async () => {
  const folder = temporaryFolder()
  const first = await lockFolder(folder)
  await expect(lockFolder(`${folder}/.`)).rejects.toMatchObject({
    code: 'DATA_FOLDER_IN_USE',
  })
  await first.release()
  await (await lockFolder(folder)).release()
})

// On Linux the name of the socket is no file; elsewhere it is one, which outlives a killed process.
test.each(['linux', 'darwin'])(
  'a killed process leaves nothing behind that holds the folder: %s',
  async (as) => {
    const platform = vi.spyOn(process, 'platform', 'get').mockReturnValue(as as NodeJS.Platform)
    onTestFinished(() => platform.mockRestore())
    const folder = temporaryFolder()
    const module = new URL('../../src/ownership/folder-lock.ts', import.meta.url).href
    const script = `
    Object.defineProperty(process, 'platform', { value: ${JSON.stringify(as)} })
    const { lockFolder } = await import(${JSON.stringify(module)})
    await lockFolder(${JSON.stringify(folder)})
    console.log('held')
    setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script])
    await once(holder.stdout, 'data')
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' })
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await (await lockFolder(folder)).release()
  },
)

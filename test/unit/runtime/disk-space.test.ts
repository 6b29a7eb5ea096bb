import { expect, onTestFinished, test } from 'vitest'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import { DiskSpace } from '../../../src/runtime/disk-space.ts'
import { type LogLine, recordingLogger } from '../../support/api.ts'

test('a disk that fills up is a problem until there is room again', async () => {
  const clock = new SimulatedClock(0)
  let free = 200 * 1024 ** 2
  const logged: LogLine[] = []
  const disk = new DiskSpace('/data', 100 * 1024 ** 2, clock, recordingLogger(logged), async () => free)
  onTestFinished(() => disk.stop())
  await disk.start()
  expect(disk.problem).toBeUndefined()
  free = 99.5 * 1024 ** 2
  clock.advance(500)
  await expect.poll(() => disk.problem).toBe('the disk has only 99 MiB left, and 100 are kept free')
  free = 100 * 1024 ** 2
  clock.advance(500)
  await expect.poll(() => disk.problem).toBeUndefined()
  await expect.poll(() => logged.map(({ level }) => level)).toEqual(['error', 'info'])
})

test('where the system cannot tell, there is room', async () => {
  const disk = new DiskSpace('/data', 1, new SimulatedClock(0), undefined, () =>
    Promise.reject(new Error('ENOSYS')),
  )
  onTestFinished(() => disk.stop())
  await disk.start()
  expect(disk.problem).toBeUndefined()
})

test('the room on the disk of this machine is read', async () => {
  const disk = new DiskSpace('/', 2 ** 60, new SimulatedClock(0))
  onTestFinished(() => disk.stop())
  await disk.start()
  expect(disk.problem).toMatch(/^the disk has only \d+ MiB left/)
})

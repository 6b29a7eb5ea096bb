import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { libraryFolders } from '../../../deploy/debian-packages.ts'
import { temporaryFolder } from '../../support/folders.ts'

test('every folder of an unpacked package that holds a shared library is named, private ones too', async () => {
  const tree = temporaryFolder()
  const machine = join(tree, 'usr/lib/x86_64-linux-gnu')
  for (const folder of [
    join(machine, 'pulseaudio'),
    join(tree, 'usr/share/doc'),
    join(tree, 'opt/browser'),
  ]) {
    mkdirSync(folder, { recursive: true })
  }
  writeFileSync(join(machine, 'libnss3.so'), '')
  writeFileSync(join(machine, 'pulseaudio/libpulsecommon-16.1.so'), '')
  writeFileSync(join(tree, 'opt/browser/libreal.so.1.2.3'), '')
  symlinkSync('libreal.so.1.2.3', join(tree, 'opt/browser/libreal.so.1'))
  writeFileSync(join(tree, 'usr/share/doc/about.so.txt'), '')
  expect(await libraryFolders(tree)).toEqual([
    join(tree, 'opt/browser'),
    machine,
    join(machine, 'pulseaudio'),
  ])
})

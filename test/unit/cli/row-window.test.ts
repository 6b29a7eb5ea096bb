import { describe, expect, test } from 'vitest'
import { RowWindow } from '../../../src/cli/import/row-window.ts'
import { emptyTally, FATE, type Fate } from '../../../src/cli/import/tally.ts'

function windowOf(mark = 0, bounds = { rowsMax: 8, userRowsMax: 3 }) {
  const passed: number[] = []
  const window = new RowWindow(mark, emptyTally(), (row) => passed.push(row), bounds)
  return { window, passed }
}

describe('the mark', () => {
  test('moves only over rows that are all settled, whatever the order they settle in', () => {
    const { window, passed } = windowOf()
    for (let row = 1; row <= 4; row++) window.enter(`u${row}`)
    window.settle(2, FATE.accepted)
    window.settle(3, FATE.accepted)
    expect(window.mark).toBe(0)
    window.settle(1, FATE.accepted)
    expect(window.mark).toBe(3)
    window.settle(4, FATE.accepted)
    expect([window.mark, passed]).toEqual([4, [1, 2, 3, 4]])
  })

  test('goes on from where an earlier run saved it', () => {
    const { window } = windowOf(1_000)
    expect(window.enter('u')).toBe(1_001)
    window.settle(1_001, FATE.accepted)
    expect(window.mark).toBe(1_001)
  })

  test('brings only rows behind it into the tally', () => {
    const { window } = windowOf()
    const fates: Fate[] = [
      FATE.accepted,
      FATE.repeated,
      FATE.duplicate,
      { kind: 'skipped', reason: 'no user' },
      { kind: 'rejected', reason: 'BAD_TIME', message: '', source: { number: 5, row: {} } },
    ]
    for (const _ of fates) window.enter(undefined)
    window.enter('u')
    window.enter('u')
    fates.forEach((fate, index) => {
      window.settle(index + 1, fate)
    })
    window.settle(7, FATE.accepted)
    expect(window.tally).toEqual({
      ...emptyTally(),
      accepted: 2,
      repeated: 1,
      duplicate: 1,
      skipped: { 'no user': 1 },
      rejected: { BAD_TIME: 1 },
    })
  })
})

describe('the window', () => {
  test('holds back a user whose rows since the saved mark could outnumber the ids the engine remembers', () => {
    const { window } = windowOf()
    for (let row = 1; row <= 3; row++) window.settle(window.enter('busy'), FATE.accepted)
    expect(window.mark).toBe(3)
    expect(window.hasRoom('busy')).toBe(false)
    expect(window.hasRoom('quiet')).toBe(true)
    window.saved()
    expect(window.hasRoom('busy')).toBe(true)
  })

  test('counts again what was still unsettled when the mark was saved', () => {
    const { window } = windowOf()
    for (let row = 1; row <= 3; row++) window.enter('busy')
    window.settle(1, FATE.accepted)
    window.saved()
    expect(window.hasRoom('busy')).toBe(true)
    window.enter('busy')
    expect(window.hasRoom('busy')).toBe(false)
  })

  test('never holds more rows than its bound, and gives their places to later ones', () => {
    const { window } = windowOf()
    for (let round = 0; round < 5; round++) {
      for (let row = 0; row < 8; row++) {
        expect(window.hasRoom(undefined)).toBe(true)
        window.enter(undefined)
      }
      expect(window.hasRoom(undefined)).toBe(false)
      for (let row = 1; row <= 8; row++) window.settle(round * 8 + row, FATE.duplicate)
      window.saved()
    }
    expect([window.mark, window.savedMark, window.tally.duplicate]).toEqual([40, 40, 40])
  })
})

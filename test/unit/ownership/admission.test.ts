import { expect, test } from 'vitest'
import { checkOthers } from '../../../src/ownership/admission.ts'
import type { Beat } from '../../../src/ownership/membership.ts'

const SELF = { node: 'a', instance: 'm', fingerprint: 'f' }

function beat(more: Partial<Beat>): Beat {
  return {
    node: 'b',
    instance: 'x',
    state: 'serving',
    fingerprint: 'f',
    shards: 4,
    connections: 0,
    sentAt: 0,
    ...more,
  }
}

const codeOf = (...others: Beat[]) => {
  try {
    checkOthers(SELF, others)
    return 'joins'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('a node joins others of other names and the same definition', () => {
  expect(codeOf()).toBe('joins')
  expect(codeOf(beat({}), beat({ node: 'c', instance: 'y', state: 'leaving' }))).toBe('joins')
})

test('a name that a living node has is refused, also while that one is leaving', () => {
  expect(codeOf(beat({ node: 'a' }))).toBe('NODE_NAME_IN_USE')
  expect(codeOf(beat({ node: 'a', state: 'leaving' }))).toBe('NODE_NAME_IN_USE')
})

test('another definition than that of living nodes is refused', () => {
  expect(codeOf(beat({ fingerprint: 'g' }))).toBe('DEFINITION_MISMATCH')
})

test.for([{ node: 'a' }, { fingerprint: 'g' }])(
  'of two that start at once, exactly one goes on: %o',
  (more) => {
    const joining = (instance: string) => codeOf(beat({ state: 'joining', instance, ...more }))
    // The other one sees this node as the one with the greater, or lesser, instance.
    expect(joining('z')).toBe('joins')
    expect(joining('b')).not.toBe('joins')
  },
)

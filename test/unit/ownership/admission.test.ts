import { expect, test } from 'vitest'
import { admit, checkOthers } from '../../../src/ownership/admission.ts'
import type { Beat } from '../../../src/ownership/membership.ts'

const SELF = { node: 'a', instance: 'm', fingerprint: 'f' }

function beat(more: Partial<Beat>): Beat {
  return {
    node: 'b',
    instance: 'x',
    state: 'serving',
    fingerprint: 'f',
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

test('who was let in comes first, however long it takes to get ready', () => {
  expect(codeOf(beat({ node: 'a', state: 'admitted', instance: 'z' }))).toBe('NODE_NAME_IN_USE')
  expect(codeOf(beat({ fingerprint: 'g', state: 'admitted', instance: 'z' }))).toBe('DEFINITION_MISMATCH')
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

/** Of a node that has heard itself for long enough. */
const HEARD = { heardMs: 60_000 }

test('a node that does not hear itself is not let in as if it were alone', async () => {
  const membership = { heardMs: 0, others: [], onChanged: () => () => {} }
  await expect(admit(SELF, membership, 0)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
})

test('a node that has heard itself for a moment goes on listening before it judges', async () => {
  let asked = 0
  const membership = {
    get heardMs() {
      return asked++ < 2 ? 1 : HEARD.heardMs
    },
    get others() {
      // Of the same name until it is refused itself, and gone.
      return asked < 3 ? [beat({ node: 'a', instance: 'b', state: 'joining' })] : []
    },
    onChanged: () => () => {},
  }
  await admit(SELF, membership)
  expect(asked).toBe(3)
})

/** A node that asks, with what it hears of the others and how that changes. */
function applicantAmong(...others: Beat[]) {
  const heard = new Map(others.map((other) => [other.instance, other]))
  let changed = () => {}
  let outcome = 'waits'
  const membership = {
    ...HEARD,
    get others() {
      return [...heard.values()]
    },
    onChanged: (callback: () => void) => {
      changed = callback
      return () => {}
    },
  }
  admit(SELF, membership).then(
    () => {
      outcome = 'joins'
    },
    (error: { code: string }) => {
      outcome = error.code
    },
  )
  /** Gives what has become of the node by then. */
  const tell = async (other: Beat) => {
    if (other.state === 'gone') heard.delete(other.instance)
    else heard.set(other.instance, other)
    changed()
    await new Promise(setImmediate)
    return outcome
  }
  return { tell }
}

test('a node waits for those that go first, and for no others', async () => {
  const { tell } = applicantAmong(
    beat({ instance: 'n', state: 'joining' }),
    beat({ instance: 'z', state: 'admitted' }),
    beat({ instance: 'b', state: 'joining' }),
    beat({ instance: 'c', state: 'leaving' }),
  )
  expect(await tell(beat({ instance: 'z', state: 'serving' }))).toBe('waits')
  expect(await tell(beat({ instance: 'b', state: 'admitted' }))).toBe('waits')
  expect(await tell(beat({ instance: 'b', state: 'gone' }))).toBe('joins')
})

test('who comes to live while a node waits may still have it refused', async () => {
  const { tell } = applicantAmong(beat({ instance: 'b', state: 'admitted' }))
  expect(await tell(beat({ instance: 'c', state: 'joining', node: 'a' }))).toBe('NODE_NAME_IN_USE')
})

test('however many start at once, all go on, one after the other', async () => {
  const states = new Map(['p', 'q', 'r', 's'].map((instance) => [instance, 'joining' as Beat['state']]))
  const listeners = new Set<() => void>()
  const order: string[] = []
  const told = (instance: string, state: Beat['state']) => {
    states.set(instance, state)
    for (const listener of listeners) listener()
  }
  const start = async (instance: string) => {
    const membership = {
      ...HEARD,
      get others() {
        const others = [...states].filter(([other]) => other !== instance)
        return others.map(([other, state]) => beat({ node: other, instance: other, state }))
      },
      onChanged: (callback: () => void) => {
        listeners.add(callback)
        return () => listeners.delete(callback)
      },
    }
    await admit({ node: instance, instance, fingerprint: 'f' }, membership)
    order.push(`${instance} is let in`)
    told(instance, 'admitted')
    await new Promise(setImmediate)
    order.push(`${instance} serves`)
    told(instance, 'serving')
  }
  await Promise.all(['r', 'q', 's', 'p'].map(start))
  expect(order).toEqual(
    ['p', 'q', 'r', 's'].flatMap((instance) => [`${instance} is let in`, `${instance} serves`]),
  )
})

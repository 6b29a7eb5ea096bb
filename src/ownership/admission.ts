// Whether a node may join the ones that live, and when: those that start at once go one after the other.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseprintError } from '../errors.ts'
import type { Beat, Membership } from './membership.ts'
import type { NodeInstance } from './shard-ownership.ts'

/** How long others that start may take: one that hangs keeps nobody waiting for ever. */
const TURN_WAIT_MS = 30_000

/** A node that asks to be let in. */
export interface Applicant extends NodeInstance {
  /** Of the definition that it is to run. */
  fingerprint: string
}

/**
 * Resolves when this node may open the stores: every other that goes first has come to serve, or has gone. So a changed definition is
 * rebuilt by one node, and has been when the next one looks. From that very turn on this node must say that it is admitted.
 * Errors: as checkOthers.
 */
export async function admit(
  applicant: Applicant,
  membership: Pick<Membership, 'others' | 'onChanged'>,
): Promise<void> {
  const deadline = new AbortController()
  const late = sleep(TURN_WAIT_MS, undefined, { signal: deadline.signal, ref: false }).catch(() => {})
  let isLate = false
  void late.then(() => {
    isLate = true
  })
  let changed = Promise.withResolvers<void>()
  const end = membership.onChanged(() => changed.resolve())
  try {
    for (;;) {
      checkOthers(applicant, membership.others)
      if (isLate || !membership.others.some((other) => isStarting(other) && goesFirst(other, applicant)))
        return
      await Promise.race([changed.promise, late])
      changed = Promise.withResolvers<void>()
    }
  } finally {
    deadline.abort()
    end()
  }
}

/** Of two that start at once, one goes on. Errors: NODE_NAME_IN_USE, DEFINITION_MISMATCH. */
export function checkOthers(applicant: Applicant, others: readonly Beat[]): void {
  const { node, fingerprint } = applicant
  const earlier = others.filter((other) => goesFirst(other, applicant))
  if (earlier.some((other) => other.node === node)) {
    throw new PulseprintError(
      'NODE_NAME_IN_USE',
      `a node named ${node} lives already: give each its own PULSEPRINT_NODE`,
    )
  }
  const different = earlier.find((other) => other.fingerprint !== fingerprint)
  if (different) {
    throw new PulseprintError(
      'DEFINITION_MISMATCH',
      `node ${different.node} runs another definition: stop all nodes, then start them with the new one, and profiles are rebuilt from the log`,
    )
  }
}

function isStarting({ state }: Beat): boolean {
  return state === 'joining' || state === 'admitted'
}

/** Whoever is let in; among those that are not, an order that all of them see alike. */
function goesFirst(other: Beat, { instance }: NodeInstance): boolean {
  return other.state !== 'joining' || other.instance < instance
}

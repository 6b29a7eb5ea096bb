// Whether a node may join the living ones, and when. Nodes that start at once go one after the
// other.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseprintError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Beat, Membership } from './membership.ts'
import type { NodeInstance } from './shard-ownership.ts'

const TURN_WAIT_MS = 30_000
/** How long a node listens before it concludes that it is alone, or the only one with its name. */
const LISTEN_MS = 3 * LIMITS.heartbeatIntervalMs
const LOOK_INTERVAL_MS = 50

/** A node that asks to be let in. */
export interface Applicant extends NodeInstance {
  /** The fingerprint of the definition that the node will run. */
  fingerprint: string
}

/**
 * Resolves when this node has listened for long enough and may open the stores: every other that
 * goes first has come to serve, or has gone. So a changed definition is rebuilt by one node, and
 * has been when the next one looks. From that very turn on this node must say that it is admitted.
 * @param waitMs how long others that start may take: one that hangs keeps nobody waiting for ever
 * Errors: as checkOthers; STORAGE_UNAVAILABLE if this node does not hear itself by then, and so
 * cannot tell who else is there.
 */
export async function admit(
  applicant: Applicant,
  membership: Pick<Membership, 'others' | 'onChanged' | 'heardMs'>,
  waitMs = TURN_WAIT_MS,
): Promise<void> {
  const lateAt = performance.now() + waitMs
  let changed = Promise.withResolvers<void>()
  const end = membership.onChanged(() => changed.resolve())
  try {
    for (;;) {
      const isLate = performance.now() >= lateAt
      if (membership.heardMs < LISTEN_MS) {
        if (isLate) throw unheard()
      } else {
        checkOthers(applicant, membership.others)
        if (isLate || !membership.others.some((other) => isStarting(other) && goesFirst(other, applicant)))
          return
      }
      await Promise.race([changed.promise, sleep(LOOK_INTERVAL_MS)])
      changed = Promise.withResolvers<void>()
    }
  } finally {
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

function unheard(): PulseprintError {
  return new PulseprintError(
    'STORAGE_UNAVAILABLE',
    'this node does not hear itself over NATS, so it cannot tell whether others live: may its user publish and subscribe to <prefix>.members?',
  )
}

function isStarting({ state }: Beat): boolean {
  return state === 'joining' || state === 'admitted'
}

/** Admitted nodes go first. The others go in an order that all of them see alike. */
function goesFirst(other: Beat, { instance }: NodeInstance): boolean {
  return other.state !== 'joining' || other.instance < instance
}

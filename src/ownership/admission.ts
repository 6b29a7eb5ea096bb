// Whether a node may join the ones that live.
import { PulseprintError } from '../errors.ts'
import type { Beat } from './membership.ts'
import type { NodeInstance } from './shard-ownership.ts'

/**
 * Of two that start at once, one goes on. Errors: NODE_NAME_IN_USE, DEFINITION_MISMATCH.
 * @param fingerprint of the definition that this node is to run
 */
export function checkOthers(
  { node, instance, fingerprint }: NodeInstance & { fingerprint: string },
  others: readonly Beat[],
): void {
  const earlier = others.filter((other) => other.state !== 'joining' || other.instance < instance)
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

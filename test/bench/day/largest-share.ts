// The search for the largest share of a load that is held: up in steps to the first that is not,
// then once more in the middle.

/** One try. */
export interface Step {
  share: number
  /** What did not keep within its bound; undefined where all did. */
  problem: string | undefined
}

export interface Limit<S extends Step> {
  /** Undefined where not even the smallest share was held. */
  held: S | undefined
  /** The smallest that was not; undefined where all were. */
  failed: S | undefined
}

/** In hundredths, so that sums stay exact. */
const SMALLEST = 5
const STEP = 10
const LARGEST = 200

/** @param measure tries a share, a share of 1 being the whole load */
export async function largestShare<S extends Step>(
  measure: (share: number) => Promise<S>,
): Promise<Limit<S>> {
  let held: S | undefined
  let failed: S | undefined
  const holds = async (hundredths: number) => {
    let step = await measure(hundredths / 100)
    // What another program did in a bad second is no limit of the engine.
    if (step.problem !== undefined) step = await measure(hundredths / 100)
    if (step.problem === undefined) held = step
    else failed = step
    return step.problem === undefined
  }
  if (!(await holds(SMALLEST))) return { held, failed }
  let share = STEP
  while (share <= LARGEST && (await holds(share))) share += STEP
  if (failed && share > STEP) await holds(share - STEP / 2)
  return { held, failed }
}

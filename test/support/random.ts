// Seeded randomness for tests that try random moments: the same seed gives the same choices.
import { createHash } from 'node:crypto'

/** PULSEPRINT_TEST_SEED, or a new one; printed with the command that replays it. */
export function testSeed(file: string): number {
  const given = process.env.PULSEPRINT_TEST_SEED
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
  if (!Number.isInteger(seed))
    throw new Error(`PULSEPRINT_TEST_SEED is "${given}": it must be a whole number`)
  console.log(`seed ${seed}; the same again: PULSEPRINT_TEST_SEED=${seed} npm run vitest -- ${file}`)
  return seed
}

export interface Random {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
}

export function seededRandom(seed: number): Random {
  let drawn = 0
  const next = () => createHash('sha256').update(`${seed}:${drawn++}`).digest().readUInt32BE() / 2 ** 32
  return { below: (bound) => Math.floor(next() * bound) }
}

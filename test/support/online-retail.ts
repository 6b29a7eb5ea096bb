// The Online Retail file in tests: its path, and how a profile is held against the oracle.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ProfileView } from '../../src/views/views.ts'
import type { ExpectedProfile } from './online-retail-oracle.ts'

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export const ONLINE_RETAIL = fromRoot('../shared/data/online-retail.csv.gz')
const DEFINITION = fromRoot('examples/online-retail/definition.yaml')
export const MAPPING = fromRoot('examples/online-retail/mapping.yaml')

/** False, with a message, if the file is absent: it is large and not ours to commit. */
export function hasOnlineRetail(): boolean {
  if (existsSync(ONLINE_RETAIL)) return true
  console.warn(`SKIPPED: the Online Retail data set is not at ${ONLINE_RETAIL}; see examples/online-retail.`)
  return false
}

/** Longer than `historyWait` of the definition that the tests import with. */
export const HISTORY_IS_OVER_MS = 13 * 3_600_000

/** Writes the example's definition with a wait for more history that no import outlasts. */
export function writeDefinition(path: string): void {
  const text = readFileSync(DEFINITION, 'utf8')
  const written = text.replace(/^historyWait: .*$/m, 'historyWait: 12h')
  if (written === text) throw new Error('the example no longer says how long it waits for history')
  writeFileSync(path, written)
}

type Features = ProfileView['features']

/** Differing features of all customers, as lines of text. */
export function differences(
  profiles: readonly ProfileView[],
  expected: readonly ExpectedProfile[],
): string[] {
  return expected.flatMap((wanted, index) => {
    const { userId, features, approximate } = profiles[index]!
    if (userId !== wanted.userId || !features) return [`${wanted.userId}: ${JSON.stringify(profiles[index])}`]
    const names = new Set(
      [...Object.keys(features), ...Object.keys(wanted)].filter((name) => name !== 'userId'),
    )
    return [...names]
      .filter((name) => !agrees(name, features, wanted, approximate?.[name]?.standardError))
      .map((name) => {
        const value = wanted[name as keyof ExpectedProfile]
        return `${userId} ${name}: ${JSON.stringify(features[name])} instead of ${value}`
      })
  })
}

function agrees(
  name: string,
  features: Features,
  wanted: ExpectedProfile,
  standardError: number | undefined,
): boolean {
  const value = features[name]
  const expected = wanted[name as keyof ExpectedProfile]
  // No customer bought as many different products as `distinct` would have to estimate.
  if (standardError !== undefined) return false
  if (typeof expected === 'string') return isNear(value, Number(expected), 1e-9)
  if (expected === null || expected === undefined) return value === expected
  if (name.endsWith('_at')) return value === new Date(expected).toISOString()
  return name === 'avg_quantity' ? isNear(value, expected, 1e-12) : value === expected
}

function isNear(value: unknown, expected: number, relative: number): boolean {
  return typeof value === 'number' && Math.abs(value - expected) <= relative * Math.abs(expected)
}

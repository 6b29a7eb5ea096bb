// The CEL that definitions are written in: the library's, where JSON numbers mix with integer
// literals, local time does not depend on the machine, and sizes are bounded.
import { Environment } from '@marcbachmann/cel-js'
import { OWN } from './cel-check.ts'
import { inZone, toInstant, ZONED_PARTS } from './cel-time.ts'

/** Characters of one expression. */
export const EXPRESSION_LENGTH_MAX = 4_000

const SIZE = { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 100, maxCallArguments: 8 }

type Number2 = number | bigint
/** Remainders keep the sign of the dividend, as those of CEL integers do. */
export const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}

const TIMESTAMP = 'google.protobuf.Timestamp'

export function createEnvironment(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: SIZE })
    .registerVariable('action', 'string')
    .registerVariable('properties', 'map')
    .registerVariable('object', 'map')
    .registerVariable('occurredAt', TIMESTAMP)
    .registerVariable('channel', 'dyn')
    .registerVariable('place', 'dyn')
    .registerVariable('userId', 'dyn')
  mixNumbers(environment)
  replaceTimeFunctions(environment)
  return environment
}

/**
 * JSON numbers are CEL doubles and literals such as `2` are ints; CEL itself would refuse to mix
 * them.
 */
function mixNumbers(environment: Environment): void {
  for (const [operator, compute] of Object.entries(ARITHMETIC)) {
    const mixed = (a: Number2, b: Number2) => compute(Number(a), Number(b))
    environment.registerOperator(`double ${operator} int: double`, mixed)
    environment.registerOperator(`int ${operator} double: double`, mixed)
  }
  environment.registerOperator('double % double: double', ARITHMETIC['%']!)
  // Number() makes them comparable by value: 3n === 3 is false.
  environment.registerOperator('int == double', (a: bigint, b: number) => Number(a) === b)
}

function replaceTimeFunctions(environment: Environment): void {
  const sync = { async: false }
  environment.registerFunction(`${OWN}timestamp(string): ${TIMESTAMP}`, toInstant, sync)
  environment.registerFunction(`${OWN}timestamp(int): ${TIMESTAMP}`, toInstant, sync)
  environment.registerFunction(`${OWN}timestamp(${TIMESTAMP}): ${TIMESTAMP}`, (at: Date) => at, sync)
  for (const [name, part] of Object.entries(ZONED_PARTS)) {
    const zoned = (at: Date, zone: string) => BigInt(part(inZone(at, zone)))
    environment.registerFunction(`${TIMESTAMP}.${OWN}${name}(string): int`, zoned, sync)
  }
  const dayOfYear = (at: Date) => BigInt(ZONED_PARTS.getDayOfYear!(at))
  environment.registerFunction(`${TIMESTAMP}.${OWN}getDayOfYear(): int`, dayOfYear, sync)
}

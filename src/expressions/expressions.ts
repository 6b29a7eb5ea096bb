// The expression language: CEL over one action, over a user at one instant, and over a row of an
// import. Other rooms import this file and no other of the room.
export { type Compiled, ExpressionCompiler, type Role } from './action-expressions.ts'
export type { CelProblem } from './cel-check.ts'
export { createEnvironment, EXPRESSION_LENGTH_MAX } from './cel-environment.ts'
export { toValue } from './cel-value.ts'
export { type DeclaredProperties, kindOf, misusedProperties } from './declared-properties.ts'
export type { Occasion } from './occasions.ts'
export { PayloadRoom } from './payload-room.ts'
export type { KnownFeature } from './user/user-context.ts'
export { ConditionCompiler, type Evaluate } from './user/user-expressions.ts'

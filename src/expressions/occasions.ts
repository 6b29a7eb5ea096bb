// What `when` and payloads see. They see more if an action is at hand, and less if a condition is
// watched.
import type { Scope } from './cel-check.ts'
import { VARIABLES } from './cel-context.ts'

/**
 * - `action`: an action is at hand.
 * - `stage`: a stage was entered; whatever entered it is not shown.
 * - `derived`: a feature that is made of others.
 * - `state`: what holds at any instant, watched for the moment it becomes true.
 */
export type Occasion = 'action' | 'stage' | 'state' | 'derived'

const OF_USER = ['features', 'stage', 'userId']
const OF_ACTION: readonly string[] = VARIABLES

export const SCOPES: Record<Occasion, Scope> = {
  action: { variables: [...VARIABLES, 'features', 'stage', 'profile'] },
  stage: { variables: [...OF_USER, 'profile'], absent: withoutAction },
  derived: {
    variables: ['features'],
    absent: () => 'A derived feature sees nothing but `features`',
  },
  state: {
    variables: OF_USER,
    absent: (name) =>
      name === 'profile' ? '`profile` is only there with `on`: it changes unseen' : withoutAction(name),
  },
}

function withoutAction(name: string): string | undefined {
  return OF_ACTION.includes(name) ? `\`${name}\` is only there where \`on\` names actions` : undefined
}

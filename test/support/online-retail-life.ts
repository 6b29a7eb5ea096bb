// Stages, badges and decisions of the Online Retail customers: how profiles and streams are held
// against the oracle.
import type { ProfileView } from '../../src/views/views.ts'
import type { ExpectedLife } from './online-retail-life-oracle.ts'
import type { Entry, RewardEntry, Streams } from './online-retail-streams.ts'

const POINTS = { tenth_invoice: 1000, big_basket: 100 }
const DIGITS = 12

/**
 * Customers whose stage, history or badges are others as of the instant (epoch ms), as lines of
 * text.
 */
export function lifeDifferences(
  profiles: readonly ProfileView[],
  lives: readonly ExpectedLife[],
  at: number,
): string[] {
  return lives.flatMap((life, index) => {
    const { userId, stage, badges } = profiles[index]!
    const found = JSON.stringify({ userId, stage, badges })
    const wanted = JSON.stringify(expectedView(life, at))
    return found === wanted ? [] : [`${found}\n instead of\n${wanted}`]
  })
}

function expectedView({ userId, firstAt, changes, decisions }: ExpectedLife, at: number) {
  const entered = [{ name: 'new', since: isoOf(firstAt) }]
  for (const change of changes)
    if (change.at <= at) entered.push({ name: change.to, since: isoOf(change.at) })
  const stage = entered.pop()!
  const badges = decisions
    .filter(({ rule, at: given }) => rule === 'tenth_invoice' && given <= at)
    .map(({ rule: name, at: given }) => ({ name, at: isoOf(given) }))
  return { userId, stage: { ...stage, history: entered }, badges }
}

/**
 * Customers of whom the streams tell other things than the oracle, in another order or twice, as
 * lines of text.
 * @param lineOf the row of the file that an action was made of
 */
export function streamDifferences(
  { stages, rewards }: Streams,
  lives: readonly ExpectedLife[],
  lineOf: (actionId: string) => number,
): string[] {
  const cause = ({ actionId }: Entry) => (actionId === undefined ? 'time' : `line ${lineOf(actionId)}`)
  const changed = stages.map((entry) => {
    const { userId, from, to, at } = entry
    return { userId, text: `${from} > ${to} ${at} ${cause(entry)}` }
  })
  const decided = rewards.map((entry) => ({
    userId: entry.userId,
    text: `${rewardText(entry)} ${cause(entry)}`,
  }))
  const told = Map.groupBy([...changed, ...decided], ({ userId }) => userId)
  const expected = new Map(lives.map((life) => [life.userId, expectedTexts(life)]))
  const different = [...new Set([...told.keys(), ...expected.keys()])].flatMap((userId) => {
    const found = (told.get(userId) ?? []).map(({ text }) => text).join('\n  ')
    const wanted = (expected.get(userId) ?? []).join('\n  ')
    return found === wanted ? [] : [`${userId}:\n  ${found}\n instead of\n  ${wanted}`]
  })
  const ids = [...stages, ...rewards].map(({ id }) => id)
  const doubles = ids.length - new Set(ids).size
  return doubles > 0 ? [`${doubles} ids are there twice`, ...different] : different
}

function rewardText({ rule, at, payload, badge }: RewardEntry): string {
  const { points, spend, ...more } = payload
  return `${rule} ${at} ${points} ${spend.toPrecision(DIGITS)} ${badge} ${JSON.stringify(more)}`
}

function expectedTexts({ changes, decisions }: ExpectedLife): string[] {
  const changed = changes.map(({ from, to, at, line }) => {
    return `${from} > ${to} ${isoOf(at)} ${line === null ? 'time' : `line ${line}`}`
  })
  const decided = decisions.map(({ rule, at, line, spend }) => {
    const badge = rule === 'tenth_invoice' ? rule : undefined
    return `${rule} ${isoOf(at)} ${POINTS[rule]} ${Number(spend).toPrecision(DIGITS)} ${badge} {} line ${line}`
  })
  return [...changed, ...decided]
}

function isoOf(at: number): string {
  return new Date(at).toISOString()
}

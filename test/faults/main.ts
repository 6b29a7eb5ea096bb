// `npm run test:faults -- --seed N --minutes M`: the fault suite from the command line. It prints
// its seed first, ends with exit code 1 where anything is not as promised, and leaves no process
// behind.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FAULTS } from './plan.ts'
import { runFaults } from './run.ts'

const USAGE = `npm run test:faults -- [--seed N] [--minutes M] [--nodes N] [--only KIND[,KIND]] [--root FOLDER] [--keep]

  --seed     decides which faults come when; default: a new one
  --minutes  how long the run takes, healing and checks included, and longer where a kind has not come yet; default 3
  --nodes    nodes that are there from the beginning; default 3
  --only     kinds of faults, or parts of their names, separated by commas:
             ${FAULTS.map(({ kind }) => kind).join('\n             ')}
  --root     the tree whose engine runs; default: this one
  --keep     leaves logs and data behind, also where all is well`

const options = {
  seed: { type: 'string' },
  minutes: { type: 'string', default: '3' },
  nodes: { type: 'string', default: '3' },
  only: { type: 'string', default: '' },
  root: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Exit code where the run could not be done; 1: it found something. */
const CANNOT_RUN = 3

const { values } = parseArgs({ options })
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : positive('seed', values.seed)
const minutes = positive('minutes', values.minutes)
const nodes = positive('nodes', values.nodes)
const only = values.only === '' ? [] : values.only.split(',')
const again = [
  '--seed',
  seed,
  '--minutes',
  minutes,
  '--nodes',
  nodes,
  ...(values.only ? ['--only', `'${values.only}'`] : []),
]
console.log(`seed ${seed}; the same again: npm run test:faults -- ${again.join(' ')}`)
const { violations } = await runFaults({
  seed,
  minutes,
  nodes,
  only,
  keep: values.keep,
  program: `${values.root}/src/cli/pulseprint.ts`,
  say: console.log,
}).catch((error) => {
  console.error(error)
  process.exit(CANNOT_RUN)
})
if (violations.length === 0) console.log('\n✓ everything is as promised')
else console.log(`\n✗ ${violations.join('\n✗ ')}\n\nseed ${seed}`)
process.exit(violations.length === 0 ? 0 : 1)

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value >= 0) return value
  console.error(`--${name} is "${text}": it must be a number\n\n${USAGE}`)
  process.exit(2)
}

// How much the nodes as deployed may keep, beside what the nats-servers as deployed can hold: a log
// that is trimmed in time never fills a stream, and streams that are all full still leave a server
// room.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { bytesOf, type Manifest, settingsOf } from '../support/manifests.ts'
import { root } from '../support/source-files.ts'

const text = (path: string) => readFileSync(join(root, 'deploy', path), 'utf8')
const compose: Manifest = parse(text('compose/compose.yaml'), { merge: true })
const pods: Manifest[] = parseAllDocuments(text('kubernetes/nodes.yaml')).map((one) => one.toJS())
const { env } = pods.find(({ kind }) => kind === 'Deployment').spec.template.spec.containers[0]

const environments: [string, Record<string, string>][] = [
  ['the compose file', compose.services['node-1'].environment],
  [
    'Kubernetes',
    Object.fromEntries(env.flatMap(({ name, value }: Manifest) => (value ? [[name, value]] : []))),
  ],
]

/** Of what is published, for each byte of the log: JSON with keys, against tuples. */
const PUBLISHED_PER_LOGGED = 3
/**
 * Records are kept until they have been saved for ten minutes, and are looked for once a minute.
 */
const KEPT_ANYWAY_S = 11 * 60
const ACTIONS_PER_S = 15_000
const BYTES_PER_ACTION = 160

test.each(environments)('%s gives streams that fit, and a log that fits them', (_, environment) => {
  const { PULSEPRINT_NATS, PULSEPRINT_REDIS, ...others } = environment
  const secret = (urls = '') => urls.replaceAll(/\$[{(][^})]*[})]/g, 'secret')
  const { cluster, keep } = settingsOf({
    ...others,
    PULSEPRINT_NATS: secret(PULSEPRINT_NATS),
    PULSEPRINT_REDIS: secret(PULSEPRINT_REDIS),
  })
  const { streamBytesMax, logStreams, replicas } = cluster!
  // Each of the three servers holds every stream.
  expect(replicas).toBe(3)
  const [, stored] = /^STORE_BYTES: (\S+)$/m.exec(text('servers/nats-place.conf')) ?? []
  expect(streamBytesMax).toBeGreaterThan(0)
  expect((logStreams + 1) * streamBytesMax).toBeLessThan(bytesOf(stored!))

  const logged = keep.bytes! + KEPT_ANYWAY_S * ACTIONS_PER_S * BYTES_PER_ACTION
  expect(PUBLISHED_PER_LOGGED * logged).toBeLessThan(streamBytesMax)
  // A shard's stream gets no more than its part.
  expect(logged / logStreams).toBeLessThan(streamBytesMax)
})

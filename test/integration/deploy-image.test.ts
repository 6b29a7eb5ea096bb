// The steps of the Dockerfile done in a folder, for machines without Docker: what is copied and
// installed there is enough for a node to run, to be found healthy, and to end when it is told to.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { imageEnvironment } from '../support/manifests.ts'
import { NPM_CACHE } from '../support/npm-cache.ts'
import { freePort } from '../support/servers.ts'
import { root } from '../support/source-files.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)
const dockerfile = readFileSync(join(root, 'deploy/container/Dockerfile'), 'utf8')
const [, packages = '', image = ''] = dockerfile.split(/^FROM .*$/m)

let folder: string
let app: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-image-'))
  app = join(folder, 'app')
  mkdirSync(app)
  copy(packages)
  const [, install] = /^RUN ((?:.*\\\n)*.*)$/m.exec(packages) ?? []
  await run('sh', ['-c', String(install)], { cwd: app, env: { ...process.env, ...NPM_CACHE } })
  copy(image)
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Does what the COPY lines say, those from the other stage aside: it is the same folder here. */
function copy(stage: string): void {
  for (const [, line] of stage.matchAll(/^COPY (?!--from)(.+)$/gm)) {
    const words = line!.split(' ')
    const into = words.pop()!
    for (const name of words) {
      cpSync(join(root, name), into === './' ? join(app, name) : join(app, into), { recursive: true })
    }
  }
}

/** Of the health check, and of the image itself. */
const commands = [...image.matchAll(/CMD (\[.*\])$/gm)].map(([, list]): string[] => JSON.parse(list!))

test('a node runs from what is in the image, is found healthy, and ends on SIGTERM', async () => {
  const binaries = readdirSync(join(app, 'node_modules')).filter((name) => name.startsWith('node-linux'))
  expect(binaries).toEqual([])
  const [healthCheck, command] = commands as [string[], string[]]
  expect(healthCheck[0]).toBe('node')
  const keys = join(folder, 'keys')
  writeFileSync(keys, 'operator 0123456789abcdef\n')
  const environment = {
    ...imageEnvironment(dockerfile),
    PULSEPRINT_PORT: String(await freePort()),
    PULSEPRINT_DATA: join(folder, 'data'),
    PULSEPRINT_KEYS: keys,
  }
  const program = join(app, String(/exec node \/app\/(\S+)/.exec(image)?.[1]))
  const node = new Child([program, ...command], environment)
  onTestFinished(() => node.end('SIGKILL'))

  const url = `http://127.0.0.1:${environment.PULSEPRINT_PORT}`
  const env = { ...process.env, ...environment }
  const isHealthy = () =>
    run(process.execPath, healthCheck.slice(1), { env }).then(
      () => true,
      () => false,
    )
  await until(
    async () => {
      if (!node.running) throw new Error(node.output)
      return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok
    },
    () => node.output,
  )
  expect(await isHealthy()).toBe(true)
  const refused = await fetch(`${url}/v1/shards`)
  expect(refused.status).toBe(401)

  await node.end('SIGTERM')
  expect(await node.ended()).toBe(0)
  expect(await isHealthy()).toBe(false)
})

// Two engines on one data folder, because the lock did not keep the second one out: what either of
// them has acknowledged is there, once, and the first one takes nothing more.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFailed, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { PROGRAM } from '../support/program.ts'
import { freePort } from '../support/servers.ts'
import { until } from '../support/until.ts'

const USERS = 40

/** Sends one action of each user. Gives the users whose action was acknowledged. */
async function sendEach(url: string): Promise<string[]> {
  const users = Array.from({ length: USERS }, (_, index) => `user-${index}`)
  const answers = await Promise.all(
    users.map((userId) =>
      fetch(`${url}/v1/actions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ userId, action: 'x' }),
      }),
    ),
  )
  return users.filter((_, index) => answers[index]!.ok)
}

test('what two engines on one folder acknowledge is all there, and the first takes nothing more', async () => {
  const definition = definitionFile('version: 1\nfeatures: { n: { aggregate: count } }\n')
  const first = await EngineProcess.startForTest(definition)
  const expected = new Map<string, number>()
  const count = (users: readonly string[]) => {
    for (const user of users) expected.set(user, (expected.get(user) ?? 0) + 1)
  }
  count(await sendEach(first.url))

  rmSync(join(first.dataPath, 'lock'))
  const port = String(await freePort())
  const second = new Child([PROGRAM, 'start'], {
    PULSEPRINT_DEFINITION: definition,
    PULSEPRINT_PORT: port,
    PULSEPRINT_DATA: first.dataPath,
  })
  onTestFinished(() => second.end('SIGKILL'))
  onTestFailed(() => console.error(second.output))
  const url = `http://127.0.0.1:${port}`
  await until(
    async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok,
    () => `the second engine did not start:\n${second.output}`,
  )

  for (let round = 0; round < 3; round++) {
    count(await sendEach(url))
    const taken = await sendEach(first.url)
    expect(taken).toEqual([])
  }
  const ready = await fetch(`${first.url}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringMatching(/newer owner|another node/)])

  await Promise.all([first.kill(), second.end('SIGKILL')])
  first.restart()
  await first.ready()
  for (const [user, actions] of expected) {
    const { features } = await first.json<{ features: { n: number } }>(`/v1/profiles/${user}`)
    expect([user, features.n]).toEqual([user, actions])
  }
})

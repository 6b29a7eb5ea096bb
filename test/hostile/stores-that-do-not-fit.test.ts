// One store of a data folder comes from another time than the rest: the engine refuses to start and
// says what to do, and what it says works.
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Child } from '../support/child.ts'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Listener } from '../support/listener.ts'
import { PROGRAM } from '../support/program.ts'
import { freePort } from '../support/servers.ts'

const DEFINITION = `version: 1
features: { buys: { aggregate: count } }
rules:
  every: { on: buy, emit: { stream: rewards, payload: { n: features.buys } } }
`
const USERS = 8
/** Actions, and so decisions, of each half. */
const HALF = 40

function send(engine: EngineProcess, from: number): Promise<unknown> {
  const numbers = Array.from({ length: HALF }, (_, index) => from + index)
  const actions = numbers.map((n) => ({ id: `a-${n}`, userId: `user-${n % USERS}`, action: 'buy' }))
  return engine.json('/v1/actions', actions)
}

async function rewards(engine: EngineProcess, count: number): Promise<string[]> {
  const listener = await Listener.open<{ id: string }>(engine.url, '/v1/streams/rewards?after=0')
  await listener.has(count)
  listener.close()
  return listener.entries.map(({ id }) => id).toSorted()
}

test('a store of another time is refused, and the way out that the message names works', async () => {
  const definition = definitionFile(DEFINITION)
  const folder = temporaryFolder()
  const [earlier, later] = [join(folder, 'earlier'), join(folder, 'later')]
  const engine = await EngineProcess.startForTest(definition)
  await send(engine, 0)
  await engine.stop()
  cpSync(engine.dataPath, earlier, { recursive: true })
  engine.restart()
  await engine.ready()
  await send(engine, HALF)
  const decided = await rewards(engine, 2 * HALF)
  await engine.stop()
  cpSync(engine.dataPath, later, { recursive: true })

  /** The data folder is that of later, the named stores of `from` aside. */
  const layOut = (stores: readonly string[], from: string | undefined) => {
    rmSync(engine.dataPath, { recursive: true })
    cpSync(later, engine.dataPath, { recursive: true })
    for (const store of stores) {
      rmSync(join(engine.dataPath, store), { recursive: true })
      if (from) cpSync(join(from, store), join(engine.dataPath, store), { recursive: true })
    }
  }
  const start = async () => {
    engine.restart()
    await engine.ready()
  }

  for (const store of ['streams', 'log']) {
    for (const from of [earlier, undefined]) {
      layOut([store], from)
      const refused = new Child([PROGRAM, 'start'], {
        PULSEPRINT_DEFINITION: definition,
        PULSEPRINT_PORT: String(await freePort()),
        PULSEPRINT_DATA: engine.dataPath,
      })
      const name = `${from ? 'older' : 'no'} ${store}`
      const code = await refused.ended()
      console.log(`${name}: ${refused.output.trim()}`)
      expect([name, code, refused.output]).toEqual([
        name,
        1,
        expect.stringMatching(/^STORE_MISMATCH.*backup/),
      ])
    }
  }

  // What the log holds is applied to older profiles, and published only once.
  layOut(['snapshots'], earlier)
  await start()
  expect(await rewards(engine, 2 * HALF)).toEqual(decided)
  await engine.stop()

  // The way out of those who have no backup.
  layOut(['streams', 'snapshots'], undefined)
  await start()
  expect(await rewards(engine, 2 * HALF)).toEqual(decided)
  const { features } = await engine.json<{ features: { buys: number } }>('/v1/profiles/user-0')
  expect(features.buys).toBe((2 * HALF) / USERS)
})

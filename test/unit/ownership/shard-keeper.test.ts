import { describe, expect, test } from 'vitest'
import { seededRandom, testSeed } from '../../support/random.ts'
import { World } from '../../support/simulated-nodes.ts'

const SHARDS = 12
const SETTLE_MS = 15_000
const SEED = testSeed('test/unit/ownership/shard-keeper.test.ts')

/** Each shard runs on one node, as NATS says, evenly, and nothing is claimed any more. */
async function expectSettled(world: World): Promise<void> {
  await world.pass(SETTLE_MS)
  const { claims } = world
  await world.pass(SETTLE_MS)
  expect(world.claims).toBe(claims)
  expect(world.mistakes).toEqual([])
  const owners = Array.from({ length: SHARDS }, (_, shard) => world.claimed.get(shard)?.owner)
  expect(world.holders).toEqual(owners.map((owner) => [owner!.instance]))
  for (const [shard, owner] of owners.entries()) {
    const node = world.nodes.find(({ name }) => name === owner!.instance)!
    expect([node.host.conditionOf(shard), node.host.epochOf(shard)]).toEqual(['running', owner!.epoch])
  }
  const counts = world.living.map(({ name }) => owners.filter((owner) => owner!.instance === name).length)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  expect(world.living.map(({ keeper }) => keeper.problem)).toEqual(world.living.map(() => undefined))
}

function newWorld(run = 0): World {
  return new World(SHARDS, seededRandom(SEED * 100 + run))
}

describe('without faults', () => {
  test('nodes that start together share the shards, each of which is claimed once and moves at most once', async () => {
    const world = newWorld()
    for (let count = 0; count < 4; count++) world.start()
    await expectSettled(world)
    const causes = world.nodes.flatMap(({ takeovers }) => takeovers.map(({ cause }) => cause))
    expect(causes.filter((cause) => cause === 'new').length).toBe(SHARDS)
    expect(causes.filter((cause) => !['new', 'handover'].includes(cause))).toEqual([])
  })

  test('a node that joins is handed its share and no shard more', async () => {
    const world = newWorld()
    world.start()
    world.start()
    await expectSettled(world)
    const { claims } = world
    const joined = world.start()
    await expectSettled(world)
    expect(joined.takeovers.map(({ cause }) => cause)).toEqual(new Array(SHARDS / 3).fill('handover'))
    expect(world.claims - claims).toBe(SHARDS / 3)
  })

  test('a node that leaves is done when the others were given all it had', async () => {
    const world = newWorld()
    const leaving = world.start()
    world.start()
    world.start()
    await expectSettled(world)
    const { claims } = world
    const left = leaving.leave()
    await world.pass(5_000)
    await left
    expect(Array.from({ length: SHARDS }, (_, shard) => leaving.host.conditionOf(shard))).toEqual(
      new Array(SHARDS).fill('absent'),
    )
    expect(world.claims - claims).toBe(SHARDS / 3)
    await expectSettled(world)
    expect(world.claims - claims).toBe(SHARDS / 3)
  })

  test('the shards of a node that is gone go to the others, under new epochs', async () => {
    const world = newWorld()
    const killed = world.start()
    const others = [world.start(), world.start()]
    await expectSettled(world)
    const { claims } = world
    killed.kill()
    await expectSettled(world)
    expect(world.claims - claims).toBe(SHARDS / 3)
    const causes = others.flatMap(({ takeovers }) => takeovers.slice(-2).map(({ cause }) => cause))
    expect(causes).toEqual(['crash', 'crash', 'crash', 'crash'])
  })

  test('a node that cannot save its shards runs them on, and hands them over once it can', async () => {
    const world = newWorld()
    const leaving = world.start()
    world.start()
    await expectSettled(world)
    const { claims } = world
    world.failsOneIn = 1
    const left = leaving.leave()
    await world.pass(10_000)
    expect(world.holders.filter(([name]) => name === leaving.name).length).toBe(SHARDS / 2)
    world.failsOneIn = 0
    await world.pass(5_000)
    await left
    await expectSettled(world)
    expect(world.claims - claims).toBe(SHARDS / 2)
  })

  test('the last node that leaves keeps nobody waiting', async () => {
    const world = newWorld()
    const alone = world.start()
    await expectSettled(world)
    await alone.leave()
  })

  test('all nodes cut off from NATS judge nobody: when it is back, nothing has moved', async () => {
    const world = newWorld()
    for (let count = 0; count < 3; count++) world.start()
    await expectSettled(world)
    const { claims } = world
    for (const node of world.nodes) node.cutOff(true)
    await world.pass(20_000)
    for (const node of world.nodes) node.cutOff(false)
    await expectSettled(world)
    expect(world.claims).toBe(claims)
  })
})

test.for(Array.from({ length: 12 }, (_, run) => run))(
  'whatever happens, no epoch has two owners, and in the end each shard has one (run %i)',
  async (run) => {
    const world = newWorld(run)
    const { random } = world
    world.start()
    world.start()
    for (let step = 0; step < 40; step++) {
      const nodes = world.living.filter(({ keeper }) => keeper.state === 'serving')
      const node = nodes[random.below(nodes.length)]!
      const what = random.below(6)
      if (what === 0 && nodes.length < 6) world.start()
      else if (what === 1 && nodes.length > 2) void node.leave()
      else if (what === 2 && nodes.length > 2) node.kill()
      else if (what === 3) node.cutOff(!node.isCutOff)
      else if (what === 4) world.failsOneIn = random.below(4)
      await world.pass(random.below(3_000))
    }
    world.failsOneIn = 0
    for (const node of world.living) node.cutOff(false)
    await expectSettled(world)
  },
)

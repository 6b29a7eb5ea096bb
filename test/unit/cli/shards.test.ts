import { expect, onTestFinished, test } from 'vitest'
import { testApi } from '../../support/api.ts'
import { Child } from '../../support/child.ts'
import { stubEngine } from '../../support/stub-engine.ts'
import { until } from '../../support/until.ts'

test('shards whose log does not answer are shown with a question mark for what it alone knows', async () => {
  const shard = {
    shard: 3,
    owner: 'n',
    epoch: 1,
    head: null,
    applied: 7,
    committed: 5,
    lag: null,
    hotUsers: 4,
  }
  const app = testApi(stubEngine({}, { shardStatus: async () => [shard] }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const child = new Child(['src/cli/pulseprint.ts', 'shards', '--url', url], {})
  onTestFinished(() => child.end('SIGKILL'))
  await until(
    () => !child.running,
    () => `it goes on:\n${child.output}`,
  )
  const row = child.output.trim().split('\n').at(-1)!
  expect(row.trim().split(/ +/)).toEqual(['3', 'n', '1', '?', '7', '5', '?', '4'])
})

// A running engine is told to stop.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { EngineProcess } from '../support/engine.ts'
import { until } from '../support/until.ts'

const definition = new URL('../../examples/online-retail/definition.yaml', import.meta.url).pathname

test('an upload that stalls does not keep the engine from ending', async () => {
  const engine = await EngineProcess.startForTest(definition)
  // Before it says so, it does not heed signals in its own way.
  await until(
    async () => engine.output.includes('Pulseprint is ready'),
    () => engine.output,
  )
  const { hostname, port } = new URL(engine.url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  onTestFinished(() => {
    socket.destroy()
  })
  socket.write(
    'POST /v1/actions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n',
  )
  // The engine has read the head and waits for a body that never comes whole.
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toContain('100 Continue')
  socket.write('{"userId":')
  const ended = new Promise((resolve) => socket.once('close', () => resolve('closed')))
  await engine.stop()
  expect(await ended).toBe('closed')
  expect(engine.output).toContain('Stopping.')
}, 120_000)

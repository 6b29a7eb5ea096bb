import { expect, test } from 'vitest'
import { startCommand } from '../../../src/cli/commands/start.ts'

test('the help of `start` says what makes it a node of a cluster, and that no data folder is used then', () => {
  let help = ''
  const command = startCommand().configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  command.outputHelp()
  expect(help).toMatch(/With PULSEPRINT_NATS and PULSEPRINT_REDIS .* node of a cluster/)
  expect(help).toMatch(/the data folder is not used/)
})

// The page for operators is run as it stands: first on one machine, then in the cluster that it
// starts.
import { test } from 'vitest'
import { Walkthrough } from '../support/walkthrough.ts'

const PATIENCE_MS = 240_000

test(
  'docs/operations.md does what it says, with an engine and then with a cluster',
  async () => {
    const reader = await Walkthrough.begin()
    await reader.read('docs/operations.md')
  },
  PATIENCE_MS,
)

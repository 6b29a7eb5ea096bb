// The engine that hostile clients attack: on one machine, or, with PULSEPRINT_TEST_ON=cluster, a node
// of three that is asked by them.
import { definitionFile } from './definition-file.ts'
import { EngineProcess } from './engine.ts'
import { startClusterForTest } from './killable-cluster.ts'

const DEFINITION = 'version: 1\nfeatures: { n: { aggregate: count } }\n'

/** Ends with the running test. */
export async function startAttacked(): Promise<EngineProcess> {
  const definition = definitionFile(DEFINITION)
  if (process.env.PULSEPRINT_TEST_ON !== 'cluster') return EngineProcess.startForTest(definition)
  const { nodes } = await startClusterForTest(definition)
  return nodes[0]
}

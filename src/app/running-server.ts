// A started engine, as the command line holds it.
import type { Definition } from '../definition/definition.ts'

export interface RunningServer {
  url: string
  /** Where everything is kept, in words for the operator. */
  storage: string
  definition: Definition
  /** True if requests need an API key. */
  asksForKey: boolean
  /** Stops taking requests, saves everything and lets go of the storage. */
  stop(): Promise<void>
}

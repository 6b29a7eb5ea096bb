// The garbage collector of the process.
import { setFlagsFromString } from 'node:v8'

/**
 * Lets one helper thread at a time mark what is alive. V8 would take up to four: for a tenth of a
 * second, they keep the cores from the threads that answer. For the whole process; call it first.
 */
export function markWithOneHelper(): void {
  setFlagsFromString('--concurrent-marking-max-worker-num=1')
}

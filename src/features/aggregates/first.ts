// The value of the action that occurred first; of several at that instant, of the one accepted
// first.
import { datedValue } from './dated-value.ts'

export const first = datedValue((later, earlier) => later < earlier)

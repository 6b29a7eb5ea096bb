// The value of the action that occurred first. If several occurred at that instant, the one
// accepted first.
import { datedValue } from './dated-value.ts'

export const first = datedValue((later, earlier) => later < earlier)

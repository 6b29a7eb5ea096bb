// The value of the action that occurred last. If several occurred at that instant, the one accepted
// last.
import { datedValue } from './dated-value.ts'

export const last = datedValue((later, earlier) => later >= earlier)

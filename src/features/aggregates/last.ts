// The value of the action that occurred last; of several at that instant, of the one accepted last.
import { datedValue } from './dated-value.ts'

export const last = datedValue((later, earlier) => later >= earlier)

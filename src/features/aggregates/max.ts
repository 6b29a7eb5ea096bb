// The largest of the numbers among the values.
import { extreme } from './extreme.ts'

export const max = extreme(Math.max)

// The smallest of the numbers among the values.
import { extreme } from './extreme.ts'

export const min = extreme(Math.min)

// What the command line reports of an import of rows of the Online Retail file.
import type { ImportReport } from './import.ts'
import type { ExpectedCounts } from './online-retail-oracle.ts'

/** What the report of an import of all these rows says of them. */
export function reportOf({ rows, actions, withoutCustomer }: ExpectedCounts): ImportReport {
  return {
    'rows read': rows,
    accepted: actions,
    duplicates: 0,
    skipped: withoutCustomer,
    'reason: no CustomerID': withoutCustomer,
    rejected: 0,
  }
}

/** The row of the file that an imported action was made of, from 1. */
export function lineOf(actionId: string): number {
  return Number(actionId.slice(actionId.lastIndexOf(':') + 1))
}

// Imports rows of the Online Retail file by the command line, and says what the report must be.
import type { EngineProcess } from './engine.ts'
import { Importer, type ImportReport } from './import.ts'
import { MAPPING } from './online-retail.ts'
import type { ExpectedCounts } from './online-retail-oracle.ts'

export async function importFile(engine: EngineProcess, file: string): Promise<ImportReport> {
  const importer = await Importer.start(engine, file, MAPPING)
  try {
    const report = await importer.finished()
    const memory = `${report['peak memory']} MiB importer, ${engine.peakMemoryMiB ?? '?'} MiB engine`
    console.log(`imported ${report['rows read']} rows, ${report.rate} rows/s; peak memory ${memory}`)
    return report
  } finally {
    await importer.remove()
  }
}

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

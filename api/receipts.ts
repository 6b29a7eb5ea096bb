// From a submitted batch to the receipts that the client reads, in the order of its items. It
// writes them as text piece by piece: with 100 actions in a request, objects to stringify would
// cost more than everything else here.
import { type Batch, type BatchItem, OUTCOME, type Submitted } from '../src/ingest/batch.ts'

export interface Receipts {
  /** The JSON of the answer. */
  json: string
  accepted: number
  duplicate: number
  rejected: number
  refused: number
  /** True if no item was rejected, apart from unreadable ones. */
  unreadable: boolean
}

/**
 * @param submitted the engine's answer to a submit that waited for `applied`
 * @param extras further members for the receipt of the accepted item `index`, as text that begins
 * with a comma
 */
export function writeReceipts(
  batch: Batch,
  submitted: Submitted,
  extras: ((index: number) => string) | undefined,
): Receipts {
  const receipts: Receipts = {
    json: '',
    accepted: 0,
    duplicate: 0,
    rejected: 0,
    refused: 0,
    unreadable: true,
  }
  let json = '{"receipts":['
  for (let index = 0; index < batch.items.length; index++) {
    const item = batch.items[index] as BatchItem
    if (index > 0) json += ','
    if (item.error) {
      receipts.rejected++
      if (item.error.code !== 'MALFORMED_BODY') receipts.unreadable = false
      json += `{"id":${JSON.stringify(item.id)},"status":"rejected","error":${JSON.stringify(item.error)}}`
      continue
    }
    const outcome = submitted.outcomes[item.chunk]?.[item.position]
    const where = `"shard":${batch.chunks[item.chunk]?.shard},"sequence":${submitted.sequences[item.chunk]}`
    json += `{"id":${JSON.stringify(item.id)},`
    if (outcome === OUTCOME.tooLate) {
      receipts.rejected++
      receipts.unreadable = false
      json += `"status":"rejected",${where},"error":${tooLate(index)}}`
    } else if (outcome === OUTCOME.refused) {
      receipts.refused++
      json += `"status":"refused",${where},"error":${refused(index)}}`
    } else if (outcome === OUTCOME.duplicate) {
      receipts.duplicate++
      json += `"status":"duplicate",${where}}`
    } else {
      receipts.accepted++
      json += `"status":"accepted",${where}${extras?.(index) ?? ''}}`
    }
  }
  receipts.json = `${json}]}`
  return receipts
}

function refused(index: number): string {
  const message = 'the guard of this action did not hold when its turn came'
  return JSON.stringify({ code: 'REFUSED', path: `/${index}`, message })
}

function tooLate(index: number): string {
  const message =
    "the action is older than the definition's latenessLimit, measured from the user's newest action"
  return JSON.stringify({ code: 'TOO_LATE', path: `/${index}/occurredAt`, message })
}

/**
 * 200 if nothing was rejected (what a guard refused was understood), 207 if some items were, 422 if all were, 400 if nothing could be
 * read at all.
 */
export function statusOf(receipts: Receipts): 200 | 207 | 400 | 422 {
  if (receipts.rejected === 0) return 200
  if (receipts.accepted + receipts.duplicate + receipts.refused > 0) return 207
  return receipts.unreadable ? 400 : 422
}

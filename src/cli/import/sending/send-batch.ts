// One batch of actions to POST /v1/actions, its receipts, and what they say of the rows.
import { CliError } from '../../cli-error.ts'
import { type EngineClient, problemOf } from '../../engine-client.ts'
import { FATE, type Fate, type Source } from '../tally.ts'
import { type Patience, sendPatiently } from './patience.ts'

export interface Receipt {
  status: 'accepted' | 'duplicate' | 'rejected' | 'refused'
  /** Place of the action in the log; missing if the log does not hold it. */
  shard?: number
  sequence?: number
  error?: { code: string; path: string; message: string }
}

export interface Answer {
  receipts: Receipt[]
  /** An earlier try may have reached the engine: its `duplicate` may be our own sending. */
  sentBefore: boolean
}

/**
 * Receipts of the batch, in its order. Throws CliError.
 * @param lines actions as NDJSON, without line breaks
 */
export async function sendBatch(
  client: EngineClient,
  lines: readonly string[],
  patience: Patience,
): Promise<Answer> {
  const headers = { 'content-type': 'application/x-ndjson' }
  const init = { method: 'POST', headers, body: lines.join('\n') }
  const { status, text, tries } = await sendPatiently(client, '/v1/actions?wait=applied', init, patience)
  const receipts = receiptsOf(text)
  if (!receipts) throw problemOf(status, text)
  if (receipts.length !== lines.length) {
    throw new CliError(`The engine answered ${receipts.length} of ${lines.length} actions.`)
  }
  return { receipts, sentBefore: tries > 1 }
}

/** Also an answer that refuses every action has receipts. */
function receiptsOf(text: string): Receipt[] | undefined {
  try {
    const { receipts } = JSON.parse(text)
    return Array.isArray(receipts) ? receipts : undefined
  } catch {
    return undefined
  }
}

/**
 * @param ours this import may have sent the row before: then `duplicate` means that the engine took
 *   it the first time. If rows bring their own ids, a row with an earlier row's id counts so, too.
 */
export function fateOf({ status, error }: Receipt, ours: boolean, source: Source): Fate {
  if (status === 'accepted') return FATE.accepted
  if (status === 'duplicate') return ours ? FATE.repeated : FATE.duplicate
  const field = error?.path.replace(/^\/\d+/, '') ?? ''
  const message = `${field} ${error?.message ?? ''}`.trim()
  return { kind: 'rejected', reason: error?.code ?? 'REJECTED', message, source }
}

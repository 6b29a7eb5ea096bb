// From the items of one request to a batch for the log. It checks every item on its own, encodes
// good ones into one chunk per shard, and keeps the error of bad ones. Pure except for made ids, so
// that any thread can run it.
import { randomUUID } from 'node:crypto'
import type { Definition } from '../definition/definition.ts'
import type { Action } from '../model/action.ts'
import { shardOf } from '../model/hash.ts'
import type { Batch, BatchItem, ItemError } from './batch.ts'
import { encodeChunk } from './records.ts'
import { ItemProblem, validateItem } from './validate.ts'

/** An item that could not even be parsed, for example a bad NDJSON line. */
export class UnreadableItem {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/**
 * @param items raw actions in the engine's own form (front doors map theirs first)
 * @param now the engine's clock, epoch ms
 */
export function buildBatch(
  definition: Definition,
  shards: number,
  items: readonly unknown[],
  now: number,
): Batch {
  const actionsOfShard: (Action[] | undefined)[] = new Array(shards)
  const chunkOfShard = new Int32Array(shards)
  const shardOfChunk: number[] = []
  const batchItems: BatchItem[] = new Array(items.length)
  for (let index = 0; index < items.length; index++) {
    try {
      const action = readItem(definition, items[index], now)
      const shard = shardOf(action.user, shards)
      let actions = actionsOfShard[shard]
      if (!actions) {
        actions = actionsOfShard[shard] = []
        chunkOfShard[shard] = shardOfChunk.push(shard) - 1
      }
      const position = actions.push(action) - 1
      batchItems[index] = { id: action.id, chunk: chunkOfShard[shard] as number, position }
    } catch (error) {
      batchItems[index] = { id: idOf(items[index]), chunk: -1, position: -1, error: itemError(error, index) }
    }
  }
  const chunks = shardOfChunk.map((shard) => {
    const actions = actionsOfShard[shard] as Action[]
    return { shard, count: actions.length, bytes: encodeChunk(actions), actions }
  })
  return { chunks, items: batchItems }
}

function readItem(definition: Definition, item: unknown, now: number): Action {
  if (item instanceof UnreadableItem) throw new ItemProblem('', item.message, 'MALFORMED_BODY')
  return validateItem(definition, item, now, randomUUID)
}

/** The id on the receipt of a rejected item, if it has one that can be shown. */
function idOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null) return null
  const { id } = item as { id?: unknown }
  return typeof id === 'string' && id.length <= 256 ? id : null
}

function itemError(error: unknown, index: number): ItemError {
  if (!(error instanceof ItemProblem)) throw error
  return { code: error.code, path: `/${index}${error.path}`, message: error.message }
}

// What the nodes themselves have said of the shards they took over: each epoch of a shard by one
// node only, and how long it took.
import { readdirSync, readFileSync } from 'node:fs'
import type { Ledger } from './ledger.ts'

const TAKEOVER = / a shard runs here shard=(\d+) epoch=(\d+) cause="(\w+)" tookMs=(\d+)/g

/**
 * Gives how often a shard was taken over for each cause, and how long the slowest took, as lines of
 * a report.
 */
export function checkTakeovers(folder: string, ledger: Ledger): string[] {
  const owners = new Map<string, string>()
  const took = new Map<string, number[]>()
  for (const file of readdirSync(folder)) {
    const node = /^((?:node|guest)-.*)\.log$/.exec(file)?.[1]
    if (node === undefined) continue
    const text = readFileSync(`${folder}/${file}`, 'utf8')
    for (const [, shard, epoch, cause, tookMs] of text.matchAll(TAKEOVER)) {
      const key = `shard ${shard}, epoch ${epoch}`
      const before = owners.get(key)
      if (before !== undefined && before !== node)
        ledger.violation('two nodes ran a shard under one epoch', `${key}: ${before} and ${node}`)
      owners.set(key, node)
      took.set(cause!, [...(took.get(cause!) ?? []), Number(tookMs)])
    }
  }
  return [...took].map(([cause, times]) => {
    const sorted = times.sort((a, b) => a - b)
    return `shards taken over (${cause}): ${sorted.length}, p50 ${sorted[sorted.length >> 1]} ms, slowest ${sorted.at(-1)} ms`
  })
}

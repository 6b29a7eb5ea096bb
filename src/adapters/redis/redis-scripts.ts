// The Lua scripts of the snapshot store on Redis. All keys of a call belong to one shard, hence to
// one slot of a cluster; whatever can refuse a write is looked at before the first write, so that a
// script writes all or nothing.
import { createHash } from 'node:crypto'
import type { Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

export interface Script {
  lua: string
  sha: string
}

/**
 * KEYS checkpoint; ARGV epoch. Gives 1, or 0 if the shard's epoch is not below it.
 * `commit` numbers the commits of an epoch from 1.
 */
export const CLAIM = script(`
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'commit', 0)
redis.call('HSETNX', KEYS[1], 'offset', 0)
return 1`)

/**
 * KEYS checkpoint, profiles, wakes; ARGV epoch, floor, number, offset or '', time of it, count of
 * profiles, count of users to wake, then (user, bytes) of each profile, (wakeAt, user) of each user
 * to wake, and the users that nothing wakes. Gives `ok`; `fenced` if another epoch holds the shard;
 * `lost` if the store does not know commit `floor` of the epoch, which it has confirmed; `late` if
 * it has seen a later one.
 */
export const COMMIT = script(`
local held = redis.call('HMGET', KEYS[1], 'epoch', 'commit')
if held[1] ~= ARGV[1] then return 'fenced' end
local last = tonumber(held[2])
if last < tonumber(ARGV[2]) then return 'lost' end
if last >= tonumber(ARGV[3]) then return 'late' end
redis.call('HSET', KEYS[1], 'commit', ARGV[3])
local waking = 8 + 2 * ARGV[6]
local sleeping = waking + 2 * ARGV[7]
if waking > 8 then redis.call('HSET', KEYS[2], unpack(ARGV, 8, waking - 1)) end
if sleeping > waking then redis.call('ZADD', KEYS[3], unpack(ARGV, waking, sleeping - 1)) end
if #ARGV >= sleeping then redis.call('ZREM', KEYS[3], unpack(ARGV, sleeping)) end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'offset', ARGV[4], 'savedAt', ARGV[5]) end
return 'ok'`)

/**
 * KEYS checkpoint, profiles, wakes. UNLINK frees the memory in the background. The commit number
 * below all others makes every owner that does not know of the reset stop at its next commit.
 */
export const RESET = script(`
redis.call('UNLINK', KEYS[2], KEYS[3])
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'offset', 0, 'savedAt', '', 'commit', -1) end
return 1`)

/**
 * KEYS wakes; ARGV wakeAt, user, limit. Gives (user, wakeAt) of those behind, in the order of
 * (wakeAt, user). Those of one instant are searched by halves: after an import there may be very
 * many, and the user may have left the set.
 */
export const WAKES = script(`
local function isBehind(member, user)
  for at = 1, math.min(#member, #user) do
    local a, b = member:byte(at), user:byte(at)
    if a ~= b then return a > b end
  end
  return #member > #user
end
local first = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
local last = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
while first < last do
  local middle = math.floor((first + last) / 2)
  if isBehind(redis.call('ZRANGE', KEYS[1], middle, middle)[1], ARGV[2]) then last = middle else first = middle + 1 end
end
return redis.call('ZRANGE', KEYS[1], first, first + ARGV[3] - 1, 'WITHSCORES')`)

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/**
 * Runs a script by its hash; a server that does not know it, new or flushed, has run nothing and is
 * sent the text.
 */
export async function runScript(
  client: RedisClient,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number | Uint8Array)[],
): Promise<unknown> {
  const rest = [...keys, ...args] as string[]
  try {
    return await client.evalsha(sha, keys.length, ...rest)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await client.eval(lua, keys.length, ...rest)
  }
}

// The baseline: what one would write by hand. Fastify and ioredis, a hash of counters and a
// HyperLogLog per user: four Redis commands per action, pipelined per request, answered when Redis
// has done them. No windows, no idempotency, no lateness, no replay: it does less than the engine
// that is measured against it.
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import type { SegmentPurchase } from './segment-purchase.ts'

const redis = new Redis({ host: '127.0.0.1', port: Number(process.env.REDIS_PORT) })
const app = Fastify({ bodyLimit: 16 * 1024 * 1024 })

app.post<{ Body: { batch: SegmentPurchase[] } }>('/v1/batch', async (request) => {
  const pipeline = redis.pipeline()
  for (const { userId, timestamp, properties } of request.body.batch) {
    const user = `user:${userId}`
    pipeline.hincrby(user, 'purchases', 1)
    pipeline.hincrbyfloat(user, 'spend', properties.price * properties.quantity)
    pipeline.hset(user, 'last_at', timestamp)
    pipeline.pfadd(`products:${userId}`, properties.product_id)
  }
  const results = await pipeline.exec()
  const failed = results?.find(([error]) => error)
  if (!results || failed) throw failed?.[0] ?? new Error('Redis did not answer')
  return { success: true }
})

app.get<{ Params: { userId: string } }>('/v1/profiles/:userId', async (request, reply) => {
  const { userId } = request.params
  const results = await redis.pipeline().hgetall(`user:${userId}`).pfcount(`products:${userId}`).exec()
  const [counters, products] = (results ?? []).map(([error, value]) => {
    if (error) throw error
    return value
  }) as [Record<string, string>, number]
  if (counters.purchases === undefined) return reply.code(404).send({ code: 'UNKNOWN_USER' })
  return {
    userId,
    features: {
      purchases: Number(counters.purchases),
      spend: Number(counters.spend),
      last_at: counters.last_at,
      products,
    },
  }
})

console.log(await app.listen({ host: '127.0.0.1', port: 0 }))

// The limit: Fastify that does nothing. It parses the same batches and drops them, and answers
// every read with one constant profile of the engine's own shape and size.
import Fastify from 'fastify'
import type { ProfileView } from '../../src/views/views.ts'
import type { SegmentPurchase } from './segment-purchase.ts'

const now = new Date().toISOString()
const PROFILE: ProfileView = {
  userId: 'u-0000000',
  features: {
    purchases: 137,
    spend: 17_231.46,
    purchases_7d: 137,
    purchases_30d: 137,
    spend_90d: 17_231.46,
    products_30d: 131,
    first_at: now,
    last_at: now,
    max_price: 99.41,
    avg_price: 50.21,
  },
  asOf: { shard: 12, epoch: 1, sequence: 88_123, at: now },
  source: 'live',
}

const app = Fastify({ bodyLimit: 16 * 1024 * 1024 })
app.post<{ Body: { batch: SegmentPurchase[] } }>('/v1/batch', async (request) => {
  return { success: request.body.batch.length > 0 }
})
app.get('/v1/profiles/:userId', async () => PROFILE)

console.log(await app.listen({ host: '127.0.0.1', port: 0 }))

// The part of a Segment `track` call that the servers written by hand read.
export interface SegmentPurchase {
  userId: string
  timestamp: string
  properties: { product_id: string; price: number; quantity: number }
}

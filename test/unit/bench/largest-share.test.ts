// The search for the largest share that is held, over engines whose limit is known.
import { expect, test } from 'vitest'
import { largestShare } from '../../bench/day/largest-share.ts'

async function search(limit: number, unlucky?: number) {
  const tried: number[] = []
  const { held, failed } = await largestShare(async (share) => {
    const isUnlucky = share === unlucky && !tried.includes(share)
    tried.push(share)
    return { share, problem: share > limit || isUnlucky ? 'too slow' : undefined }
  })
  return { held: held?.share, failed: failed?.share, tried }
}

test.each([
  [0.01, undefined, 0.05],
  [0.05, 0.05, 0.1],
  [0.1, 0.1, 0.15],
  [0.44, 0.4, 0.45],
  [0.47, 0.45, 0.5],
  [9, 2, undefined],
])('a limit of %s is found as %s, and %s is too much', async (limit, held, failed) => {
  expect(await search(limit)).toMatchObject({ held, failed })
})

test('a share that fails once is tried again', async () => {
  expect(await search(0.3, 0.2)).toMatchObject({ held: 0.3, failed: 0.35 })
})

test('shares are tried from below, each as often as needed', async () => {
  const { tried } = await search(0.2)
  expect(tried).toEqual([0.05, 0.1, 0.2, 0.3, 0.3, 0.25, 0.25])
})

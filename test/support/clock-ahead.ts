// Preloaded into every thread of the engine under test where its clock has to be ahead of the real
// one: what was due in the meantime is then overdue, as after a long outage. The engine's own code
// is not touched.
const aheadMs = Number(process.env.CLOCK_AHEAD_MS)
const realNow = Date.now
const realParse = Date.parse

/** What is dated within this of the real present is what another machine says the time is. */
const PRESENT_MS = 60_000

Date.now = () => realNow() + aheadMs

// A node of a cluster compares its clock with that of the NATS servers: they are ahead, too.
Date.parse = (text) => {
  const instant = realParse(text)
  return Math.abs(instant - realNow()) < PRESENT_MS ? instant + aheadMs : instant
}

// Preloaded into every thread of the engine under test where its clock has to be ahead of the real one: what was due in
// the meantime is then overdue, as after a long outage. The engine's own code is not touched.
const aheadMs = Number(process.env.CLOCK_AHEAD_MS)
const realNow = Date.now

Date.now = () => realNow() + aheadMs

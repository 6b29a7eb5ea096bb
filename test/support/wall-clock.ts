// Preloaded into a node under test whose machine has the wrong time: from the start, or from a
// signal on. The clocks of the NATS servers and the monotonic one stay right.
const realNow = Date.now
let aheadMs = Number(process.env.WALL_CLOCK_MS ?? 0)

Date.now = () => realNow() + aheadMs

process.on('SIGUSR2', () => {
  aheadMs += Number(process.env.WALL_CLOCK_JUMP_MS)
  console.log('The wall clock has jumped.')
})

// Preloaded into a node under test: on a message of the suite it keeps the event loop busy, or
// moves the wall clock. The node's own code is not touched.
const RealDate = Date
let shiftMs = Number(process.env.FAULTS_CLOCK_SHIFT_MS ?? 0)

class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + shiftMs)
    else super(...(given as [number]))
  }

  static override now(): number {
    return RealDate.now() + shiftMs
  }
}
globalThis.Date = ShiftedDate as DateConstructor
if (shiftMs !== 0) {
  // The other way to read the wall clock of a process that starts with a wrong one.
  const timeOrigin = performance.timeOrigin + shiftMs
  Object.defineProperty(performance, 'timeOrigin', { get: () => timeOrigin })
}

process.on('message', ({ stallMs, clockShiftMs }: { stallMs?: number; clockShiftMs?: number }) => {
  if (clockShiftMs !== undefined) shiftMs = clockShiftMs
  if (stallMs !== undefined) {
    const until = performance.now() + stallMs
    while (performance.now() < until);
  }
})
// Without the suite there is nobody left to end this process.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.channel?.unref()

// Shows how an import goes on while it runs: a bar on a terminal, otherwise a line now and then.
import { Presets, SingleBar } from 'cli-progress'
import { shown } from './shown.ts'

export interface Position {
  /** Rows done over all runs. */
  rows: number
  bytesRead: number
  /** Undefined if the length of the input is not known. */
  bytesTotal: number | undefined
}

export interface Progress {
  note(text: string): void
  stop(): void
}

const BAR = '{bar} {percentage}% | {rows} rows | {rate} rows/s | {left} left'
const BAR_INTERVAL_MS = 250
const LINE_INTERVAL_MS = 5_000

export function showProgress(read: () => Position, stream: NodeJS.WriteStream = process.stderr): Progress {
  const start = read()
  const startMs = performance.now()
  const bar = stream.isTTY && start.bytesTotal !== undefined ? createBar(stream, start.bytesTotal) : undefined
  const show = () => {
    const position = read()
    const pace = paceOf(start, position, (performance.now() - startMs) / 1_000)
    if (bar) return bar.update(position.bytesRead, pace)
    const percent = position.bytesTotal
      ? `${Math.floor((100 * position.bytesRead) / position.bytesTotal)} % | `
      : ''
    stream.write(`${percent}${pace.rows} rows | ${pace.rate} rows/s | ${pace.left} left\n`)
  }
  const timer = setInterval(show, bar ? BAR_INTERVAL_MS : LINE_INTERVAL_MS)
  return {
    note(text) {
      stream.write(`${bar ? '\n' : ''}${text}\n`)
    },
    stop() {
      clearInterval(timer)
      if (bar) show()
      bar?.stop()
    },
  }
}

function createBar(stream: NodeJS.WriteStream, bytesTotal: number): SingleBar {
  const bar = new SingleBar({ format: BAR, stream, hideCursor: true }, Presets.shades_classic)
  bar.start(bytesTotal, 0, { rows: '0', rate: '0', left: '?' })
  return bar
}

/** @param seconds since `start` was read */
export function paceOf(start: Position, now: Position, seconds: number) {
  const rows = now.rows - start.rows
  const rate = seconds > 0 ? rows / seconds : 0
  const share = now.bytesTotal ? now.bytesRead / now.bytesTotal : 0
  const left = share > 0 && rows > 0 ? remaining((seconds * (1 - share)) / share) : '?'
  return { rows: shown(now.rows), rate: shown(Math.round(rate)), left }
}

function remaining(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.ceil(whole / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

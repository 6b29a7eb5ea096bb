// Ends the command when npm is gone. npx runs a command through a shell and passes SIGTERM to the
// shell alone, which dies of it and would leave the engine behind, holding its port and its data.
const parent = process.ppid
let told = false

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    told = true
    // Listening switched the default off: a command that listens to nothing must still end.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  })
}

setInterval(() => {
  // A second signal would cut a shutdown short.
  if (process.ppid !== parent && !told) process.kill(process.pid, 'SIGTERM')
}, 200).unref()

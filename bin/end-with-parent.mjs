// Loaded into the engine when the launcher had to start it as a child: ends it in good order when
// the launcher dies of a signal that cannot be passed on, so that no orphan keeps the port and the
// data.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

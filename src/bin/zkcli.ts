/** Exit code of a program that wrote to a pipe which nobody reads any more, as shells have it. */
const EXIT_BROKEN_PIPE = 141
const NODE_OLDEST = [20, 19] as const

function isNodeTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major < NODE_OLDEST[0] || (major === NODE_OLDEST[0] && minor < NODE_OLDEST[1])
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE)
    throw error
  })
}

if (isNodeTooOld()) {
  process.stderr.write(`zkCli: this is Node.js ${process.versions.node}; ${NODE_OLDEST.join('.')} or newer is needed\n`)
  process.exitCode = 1
} else {
  const { main } = await import('../cli/main.ts') // not before the check: an old Node could not read it
  process.exitCode = await main(process.argv.slice(2), process)
  process.stdin.destroy() // a pipe that stays open must not keep the shell alive after quit
}

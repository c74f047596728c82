import { main } from '../cli/main.ts'

/** Exit code of a program that wrote to a pipe which nobody reads any more, as shells have it. */
const EXIT_BROKEN_PIPE = 141

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE)
    throw error
  })
}

process.exitCode = await main(process.argv.slice(2), process)
process.stdin.destroy() // a pipe that stays open must not keep the shell alive after quit

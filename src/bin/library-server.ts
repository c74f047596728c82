import { rmSync } from 'node:fs'

/**
 * A server that belongs to the process which started it, over a channel between them: `[--remove DIR] --config FILE`. When that process is gone, it
 * stops, and removes its data if they were temporary. For `src/library`.
 */
const [option, directory] = process.argv.slice(2)
if (option === '--remove') process.argv.splice(2, 2)

let isAbandoned = false
process.once('disconnect', () => {
  isAbandoned = true
  process.kill(process.pid, 'SIGTERM')
})
process.once('exit', () => {
  if (isAbandoned && option === '--remove' && directory !== undefined)
    rmSync(directory, { recursive: true, force: true })
})

await import('./zoonode.ts')

import { availableParallelism } from 'node:os'
import { logTool } from '../tools/log/main.ts'
import { runTool } from '../tools/run-tool.ts'

/** Questions to the transaction log: `zkLog.sh`. */

/** More would mostly wait for the disk, and keep a server on this machine from it. */
const THREADS_MAX = 2

const threads = {
  url: new URL('../storage/log-index/index-thread.js', import.meta.url),
  count: Math.min(THREADS_MAX, availableParallelism())
}
await runTool((args, out) => logTool(args, out, threads))

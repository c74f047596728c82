import { parentPort } from 'node:worker_threads'
import { Connection } from './connection.ts'
import { LogLoop } from './log-loop.ts'
import type { LogThreadSettings } from './thread-messages.ts'

/**
 * The log thread: the only place that has the log and state.db open. Compiled, this file is the worker's entry; what it
 * does is in `log-loop.ts`.
 */
const port = parentPort
if (port === null) throw new Error('log-thread.js is started by the storage, as a worker')
port.once('message', (settings: LogThreadSettings) => {
  new LogLoop(settings, (report, transfer) => port.postMessage(report, transfer)).run()
})
// The settings may be a while in coming, and this loads the library.
new Connection(':memory:').close()

import type { MessagePort } from 'node:worker_threads'
import { parentPort, workerData } from 'node:worker_threads'
import { LogLoop } from './log-loop.ts'
import type { LogThreadSettings } from './thread-messages.ts'

/**
 * The log thread: the only place that has the log and state.db open. Compiled, this file is the worker's entry; what it
 * does is in `log-loop.ts`.
 */
function main(port: MessagePort, settings: LogThreadSettings): void {
  new LogLoop(settings, (report, transfer) => port.postMessage(report, transfer)).run()
}

if (parentPort === null) throw new Error('log-thread.js is started by the storage, as a worker')
// The storage starts this worker, with these settings and nothing else.
main(parentPort, workerData as LogThreadSettings)

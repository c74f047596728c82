import { Worker } from 'node:worker_threads'
import type { LogThreadSettings } from './thread-messages.ts'

interface EarlyThread {
  readonly url: string
  readonly worker: Worker
  hasFailed: boolean
}

let early: EarlyThread | null = null

/**
 * Starts a log thread before it is known what it is to open: it loads its code meanwhile. The next `startLogThread` gives it
 * its settings.
 */
export function startLogThreadEarly(url: URL): void {
  const thread = { url: url.href, worker: newWorker(url), hasFailed: false }
  const failed = (): void => {
    thread.hasFailed = true
  }
  thread.worker.on('error', failed).on('exit', failed)
  // It is nothing to wait for as long as nobody has asked for it.
  thread.worker.unref()
  early = thread
}

/** Gives a log thread its settings: the one that was started early, if it is of the same code and runs, or else a new one. */
export function startLogThread(url: URL, settings: LogThreadSettings): Worker {
  const waiting = early
  early = null
  const isUsable = waiting !== null && waiting.url === url.href && !waiting.hasFailed
  if (waiting !== null && !isUsable) void waiting.worker.terminate()
  const worker = isUsable ? waiting.worker.removeAllListeners('error').removeAllListeners('exit') : newWorker(url)
  worker.ref()
  worker.postMessage(settings, [settings.largeBodies])
  return worker
}

/** The thread is compiled code: it needs none of the loaders that this process may have been started with. */
function newWorker(url: URL): Worker {
  return new Worker(url, { name: 'zoonode-log', execArgv: [] })
}

import type { MessagePort } from 'node:worker_threads'
import { parentPort, workerData } from 'node:worker_threads'
import { toStorageError } from '../storage-error.ts'
import { buildIndex } from './index-tasks.ts'
import type { IndexThreadData, IndexThreadReport } from './index-threads.ts'

/** Makes indexes, one task after the other, until none is left. Compiled, this file is the worker's entry. */
function main(port: MessagePort, { tasks, next }: IndexThreadData): void {
  const report = (message: IndexThreadReport): void => port.postMessage(message)
  const counter = new Int32Array(next)
  for (;;) {
    const number = Atomics.add(counter, 0, 1)
    const task = tasks[number]
    if (task === undefined) return
    try {
      buildIndex(task.logFolder, task.plan, null)
    } catch (error) {
      const { code, message } = toStorageError(error, 'indexing')
      report({ kind: 'failed', error: { code, message } })
      return
    }
    report({ kind: 'done', number })
  }
}

if (parentPort === null) throw new Error('index-thread.js is started as a worker')
// It is started with this and nothing else.
main(parentPort, workerData as IndexThreadData)

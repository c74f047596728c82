import { Worker } from 'node:worker_threads'
import { StorageError, type StorageErrorFields } from '../storage-error.ts'
import { buildIndex, type IndexTask } from './index-tasks.ts'

/** What a thread is given: all tasks, and the number of the next one that nobody has taken, as one int32. */
export interface IndexThreadData {
  readonly tasks: readonly IndexTask[]
  readonly next: SharedArrayBuffer
}

export type IndexThreadReport =
  | { readonly kind: 'done'; readonly number: number }
  | { readonly kind: 'failed'; readonly error: StorageErrorFields }

export interface IndexThreads {
  /** The compiled `index-thread.js`. */
  readonly url: URL
  readonly count: number
}

/** Bytes of segments more that are indexed. */
export type TaskDone = (bytes: number) => void

/**
 * Performs tasks that don't depend on each other, in threads, or in this one.
 *
 * @param threads null for this thread, which is then kept from everything else
 * @throws StorageError of the first task that failed; no thread is left, and no half of a file under its name
 */
export async function performTasks(
  tasks: readonly IndexTask[],
  threads: IndexThreads | null,
  done: TaskDone
): Promise<void> {
  const count = Math.min(threads?.count ?? 1, tasks.length)
  if (threads === null || count <= 1) {
    for (const task of tasks) {
      buildIndex(task.logFolder, task.plan, null)
      done(task.plan.entry.bytes ?? 0)
    }
    return
  }
  const workerData: IndexThreadData = { tasks, next: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) }
  const workers = Array.from(
    { length: count },
    () => new Worker(threads.url, { workerData, name: 'zoonode-index', execArgv: [] })
  )
  // Where one fails, the others end what they are at, so that nothing unfinished is left, and take no more.
  const stop = (): void => {
    Atomics.store(new Int32Array(workerData.next), 0, tasks.length)
  }
  const ends = workers.map((worker) =>
    ended(worker, ({ number }) => done(tasks[number]?.plan.entry.bytes ?? 0)).catch((error: unknown) => {
      stop()
      throw error
    })
  )
  for (const end of await Promise.allSettled(ends)) if (end.status === 'rejected') throw end.reason
}

function ended(worker: Worker, done: (report: Extract<IndexThreadReport, { kind: 'done' }>) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (report: IndexThreadReport) => {
      if (report.kind === 'done') done(report)
      else reject(new StorageError(report.error.code, report.error.message))
    })
    worker.once('error', (error) =>
      reject(new StorageError('CLOSED', `indexing died: ${error.message}`, { cause: error }))
    )
    worker.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new StorageError('CLOSED', `indexing ended with exit code ${code}`))
    })
  })
}

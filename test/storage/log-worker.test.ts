import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { afterEach, expect, test } from '@jest/globals'
import { startLogThread, startLogThreadEarly } from '../../src/storage/log-worker.ts'
import { openStorage } from '../../src/storage/storage.ts'
import type { LogThreadSettings } from '../../src/storage/thread-messages.ts'
import { DataDirectory, LOG_THREAD_URL, storageOptions } from './support/data-directory.ts'
import { collectZxids } from './support/transactions.ts'

/** Answers its first message with what it is called and where the message says that the data is. */
const ANSWERING = `
  const { parentPort, threadId } = require('node:worker_threads')
  parentPort.once('message', ({ dataDir }) => parentPort.postMessage({ threadId, dataDir }))
`
const scriptUrl = (name: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`/* ${name} */ import { createRequire } from 'node:module'
  const require = createRequire(process.cwd() + '/')${ANSWERING}`)}`
  )

let workers: Worker[] = []
let directory: DataDirectory | null = null

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.terminate()))
  workers = []
  await directory?.dispose()
  directory = null
})

function kept(worker: Worker): Worker {
  workers.push(worker)
  return worker
}

function settings(dataDir: string): LogThreadSettings {
  const { port1, port2 } = new MessageChannel()
  port1.close()
  // The rest is the real thread's business.
  return { dataDir, largeBodies: port2 } as unknown as LogThreadSettings
}

/** The id of a thread and its first message. Both are asked for at once: a thread that has ended has no id any more. */
function seen(worker: Worker): { threadId: number; message: Promise<unknown[]> } {
  return { threadId: worker.threadId, message: once(worker, 'message') }
}

test('a thread that was started early gets the settings', async () => {
  startLogThreadEarly(scriptUrl('a'))
  const later = kept(new Worker('', { eval: true })).threadId

  const { threadId, message } = seen(kept(startLogThread(scriptUrl('a'), settings('here'))))

  expect(threadId).toBeLessThan(later)
  expect(await message).toEqual([{ threadId, dataDir: 'here' }])
})

test('it is used once, and not for another program', async () => {
  startLogThreadEarly(scriptUrl('a'))
  const later = kept(new Worker('', { eval: true })).threadId

  const other = seen(kept(startLogThread(scriptUrl('b'), settings('there'))))
  const next = seen(kept(startLogThread(scriptUrl('a'), settings('elsewhere'))))

  expect(other.threadId).toBeGreaterThan(later)
  expect(next.threadId).toBeGreaterThan(other.threadId)
  expect(await other.message).toEqual([{ threadId: other.threadId, dataDir: 'there' }])
  expect(await next.message).toEqual([{ threadId: next.threadId, dataDir: 'elsewhere' }])
})

test('a storage opens by a thread that was started early, and the next one by its own', async () => {
  directory = new DataDirectory()
  startLogThreadEarly(LOG_THREAD_URL)
  const first = await directory.open()
  await first.append(3)
  await first.close()

  const { storage, recovery } = await openStorage(storageOptions(directory.path))

  expect(await collectZxids(recovery.batches())).toEqual([1n, 2n, 3n])
  await storage.flushAndClose(10_000)
})

import { isMainThread, Worker } from 'node:worker_threads'
import { Connection } from '../../../src/storage/connection.ts'

/**
 * Opens, uses, closes and forgets connections while memory is collected again and again, first in a thread that ends,
 * then in the main one. Writes how the thread ended.
 */
const CONNECTION_COUNT = 50
const GARBAGE_COUNT = 20_000_000

/** A thread does not take over the loader that makes TypeScript run. */
const THREAD = `import('tsx/esm/api').then(({ register }) => {
  register()
  return import(${JSON.stringify(import.meta.url)})
})`

if (isMainThread) {
  const worker = new Worker(THREAD, { eval: true, execArgv: [] })
  worker.once('exit', (code) => {
    console.log(`the thread ended with ${code}`)
    letGo()
    console.log('done')
  })
} else letGo()

function letGo(): void {
  for (let count = 0; count < CONNECTION_COUNT; count++) useConnection()
  makeGarbage()
}

function useConnection(): void {
  const connection = new Connection(':memory:')
  connection.pragma('synchronous = FULL')
  connection.exec('CREATE TABLE t(a INTEGER)')
  connection.prepare('INSERT INTO t VALUES (1)').run()
  connection.prepare('SELECT a FROM t').get()
  connection.close()
}

function makeGarbage(): void {
  let last: unknown = null
  for (let count = 0; count < GARBAGE_COUNT; count++) last = { count, text: [count] }
  if (last === null) throw new Error('nothing was made')
}

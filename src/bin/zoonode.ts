import { startLogThreadEarly } from '../storage/log-worker.ts'

/**
 * The server's program. It is small so that the log thread, which takes a third of an empty start, comes up beside what the
 * main thread has to load.
 */
startLogThreadEarly(new URL('./log-thread.js', import.meta.url))
await import('./serve.ts')

import type { MessagePort } from 'node:worker_threads'
import { parentPort } from 'node:worker_threads'
import { toBigInt } from '../protocol/int64.ts'
import { SnapshotFileWriter } from './snapshot-file.ts'
import type { SnapshotCommand, SnapshotReport } from './snapshot-messages.ts'
import { toStorageError } from './storage-error.ts'

/** One that is being written. */
interface Attempt {
  readonly file: string
  readonly attempt: number
  /** Null once it has failed: what else comes of it is passed over. */
  writer: SnapshotFileWriter | null
}

/** The snapshot thread: writes one snapshot file after the other. Compiled, this file is the worker's entry. */
class SnapshotThreadMain {
  readonly #port: MessagePort
  #current: Attempt = { file: '', attempt: 0, writer: null }

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (command: SnapshotCommand) => {
      try {
        this.#handle(command)
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  #handle(command: SnapshotCommand): void {
    switch (command.kind) {
      case 'begin': {
        const { folder, file, attempt } = command
        this.#current = { file, attempt, writer: null }
        this.#current.writer = new SnapshotFileWriter(folder, file, attempt)
        return
      }
      case 'end':
        return this.#port.close()
      default:
        if (this.#current.writer !== null) this.#write(this.#current.writer, command)
    }
  }

  #write(writer: SnapshotFileWriter, command: Exclude<SnapshotCommand, { kind: 'begin' | 'end' }>): void {
    const { attempt } = this.#current
    switch (command.kind) {
      case 'write': {
        const { chunk, bytes } = command
        writer.write(new Uint8Array(chunk, 0, bytes))
        return this.#report({ kind: 'written', attempt, chunk, bytes }, [chunk])
      }
      case 'finish': {
        const { zxid, digest, nodeCount, sessionCount } = command
        const bytes = writer.finish({
          zxid: toBigInt(zxid.hi, zxid.lo),
          digest: BigInt.asUintN(64, toBigInt(digest.hi, digest.lo)),
          nodeCount,
          sessionCount
        })
        this.#current.writer = null
        return this.#report({ kind: 'finished', attempt, bytes })
      }
      case 'abort':
        writer.abort()
        this.#current.writer = null
        return this.#report({ kind: 'aborted', attempt })
      default:
        return unreachable(command)
    }
  }

  #fail(error: unknown): void {
    const { file, attempt, writer } = this.#current
    this.#current.writer = null
    if (writer !== null) removeRemains(writer)
    const { code, message } = toStorageError(error, `writing ${file}`)
    this.#report({ kind: 'failed', attempt, error: { code, message } })
  }

  #report(message: SnapshotReport, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
  }
}

/** What cannot be removed now is litter for the next start. */
function removeRemains(writer: SnapshotFileWriter): void {
  try {
    writer.abort()
  } catch {
    // The first error is the one to report.
  }
}

function unreachable(command: never): never {
  throw new Error(`unknown command ${JSON.stringify(command)}`)
}

if (parentPort === null) throw new Error('snapshot-thread.js is started by the storage, as a worker')
new SnapshotThreadMain(parentPort)

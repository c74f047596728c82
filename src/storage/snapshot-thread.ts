import type { MessagePort } from 'node:worker_threads'
import { parentPort, workerData } from 'node:worker_threads'
import { toBigInt } from '../protocol/int64.ts'
import { SnapshotFileWriter } from './snapshot-file.ts'
import type { SnapshotCommand, SnapshotReport, SnapshotThreadSettings } from './snapshot-messages.ts'
import { toStorageError } from './storage-error.ts'

type Report = (message: SnapshotReport, transfer?: ArrayBuffer[]) => void

/** The snapshot thread: writes one snapshot file, then ends. Compiled, this file is the worker's entry. */
function main(port: MessagePort, settings: SnapshotThreadSettings): void {
  const report: Report = (message, transfer) => port.postMessage(message, transfer)
  const fail = (error: unknown): void => {
    const { code, message } = toStorageError(error, `writing ${settings.file}`)
    report({ kind: 'failed', error: { code, message } })
    port.close()
  }
  let writer: SnapshotFileWriter
  try {
    writer = new SnapshotFileWriter(settings.folder, settings.file, settings.attempt)
  } catch (error) {
    fail(error)
    return
  }
  port.on('message', (command: SnapshotCommand) => {
    try {
      handle(writer, command, port, report)
    } catch (error) {
      removeRemains(writer)
      fail(error)
    }
  })
}

/** What cannot be removed now is litter for the next start. */
function removeRemains(writer: SnapshotFileWriter): void {
  try {
    writer.abort()
  } catch {
    // The first error is the one to report.
  }
}

function handle(writer: SnapshotFileWriter, command: SnapshotCommand, port: MessagePort, report: Report): void {
  switch (command.kind) {
    case 'write': {
      const { chunk, bytes } = command
      writer.write(new Uint8Array(chunk, 0, bytes))
      return report({ kind: 'written', chunk, bytes }, [chunk])
    }
    case 'finish': {
      const { zxid, digest, nodeCount, sessionCount } = command
      const bytes = writer.finish({
        zxid: toBigInt(zxid.hi, zxid.lo),
        digest: BigInt.asUintN(64, toBigInt(digest.hi, digest.lo)),
        nodeCount,
        sessionCount
      })
      report({ kind: 'finished', bytes })
      return port.close()
    }
    case 'abort':
      writer.abort()
      return port.close()
    default:
      return unreachable(command)
  }
}

function unreachable(command: never): never {
  throw new Error(`unknown command ${JSON.stringify(command)}`)
}

if (parentPort === null) throw new Error('snapshot-thread.js is started by the storage, as a worker')
// The storage starts this worker, with these settings and nothing else.
main(parentPort, workerData as SnapshotThreadSettings)

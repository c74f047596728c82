import type { PersistBatch, SnapshotSummary } from '../../src/core/outbox.ts'
import type { Recovery } from '../../src/storage/storage.ts'

/** A batch of the log, as its bytes were handed over. */
interface LoggedBatch {
  readonly sequence: number
  readonly firstZxid: number
  readonly lastZxid: number
  readonly txnCount: number
  readonly body: Buffer
}

interface StoredSnapshot {
  readonly bytes: Buffer
  readonly summary: SnapshotSummary
}

/**
 * A disk under the core's eyes: what was handed to the log is in flight until the simulation says that it is durable; a
 * crash keeps any number of the batches in flight, in order, since the last commit may have been on the disk already.
 */
export class SimulatedDisk {
  readonly #durable: LoggedBatch[] = []
  #inFlight: LoggedBatch[] = []
  readonly #snapshots: StoredSnapshot[] = []

  get inFlightCount(): number {
    return this.#inFlight.length
  }

  get durableZxid(): number {
    return this.#durable.at(-1)?.lastZxid ?? 0
  }

  get snapshotCount(): number {
    return this.#snapshots.length
  }

  /** Copies the batch; it must follow the last one. */
  append(sequence: number, batch: PersistBatch): LoggedBatch {
    const last = this.#inFlight.at(-1) ?? this.#durable.at(-1)
    const firstZxid = batch.firstZxidLo
    if (firstZxid !== (last?.lastZxid ?? 0) + 1) throw new Error(`a batch of 0x${firstZxid.toString(16)} leaves a gap`)
    const { lastZxidLo: lastZxid, txnCount } = batch
    const logged = { sequence, firstZxid, lastZxid, txnCount, body: Buffer.from(batch.body) }
    this.#inFlight.push(logged)
    return logged
  }

  /** Commits the oldest `count` batches in flight; returns the sequence to report. */
  commit(count: number): number {
    const committed = this.#inFlight.splice(0, count)
    this.#durable.push(...committed)
    const last = committed.at(-1)
    if (last === undefined) throw new Error('nothing is in flight')
    return last.sequence
  }

  /** Loses what is in flight but for its oldest `keptCount` batches. */
  crash(keptCount: number): void {
    this.#durable.push(...this.#inFlight.slice(0, keptCount))
    this.#inFlight = []
  }

  store(bytes: Buffer, summary: SnapshotSummary): void {
    this.#snapshots.push({ bytes, summary })
  }

  /**
   * What a start finds.
   *
   * @param age      0 for the newest snapshot, 1 for the one before it (as if the newest were damaged) …
   * @param cutBytes size of the pieces that the snapshot comes in
   */
  recovery(age: number, cutBytes: number): Recovery {
    const stored = this.#snapshots.at(-1 - age)
    const after = stored?.summary.zxidLo ?? 0
    const batches = this.#durable.filter(({ lastZxid }) => lastZxid > after)
    return {
      snapshot:
        stored === undefined
          ? null
          : { zxidHi: 0, zxidLo: after, summary: stored.summary, chunks: () => cut(stored.bytes, cutBytes) },
      batches: () => rows(batches, after),
      lastZxidHi: 0,
      lastZxidLo: this.durableZxid,
      acceptedEpoch: 0,
      currentEpoch: 0,
      wasCleanShutdown: false,
      isUninitialized: false
    }
  }
}

async function* cut(bytes: Buffer, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

/** As the storage reads them: a row that holds the snapshot's zxid comes from the transaction after it. */
async function* rows(batches: readonly LoggedBatch[], after: number) {
  for (const { firstZxid, lastZxid, body } of batches) {
    const first = Math.max(firstZxid, after + 1)
    let offset = 0
    for (let zxid = firstZxid; zxid < first; zxid++) offset += 4 + body.readInt32BE(offset)
    const txnCount = lastZxid - first + 1
    yield {
      firstZxidHi: 0,
      firstZxidLo: first,
      lastZxidHi: 0,
      lastZxidLo: lastZxid,
      txnCount,
      body: body.subarray(offset)
    }
  }
}

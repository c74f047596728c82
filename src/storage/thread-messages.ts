import type { MessagePort } from 'node:worker_threads'
import type { StorageErrorFields } from './storage-error.ts'

/** What the threads of the storage say to each other; zxids travel as pairs, like everywhere. */

export interface ZxidPair {
  readonly hi: number
  readonly lo: number
}

/** Sizes and limits that only tests and measurements have reason to change. */
export interface StorageTuning {
  readonly ringBytes: number
  /** Past this many bytes of pages in the -wal, a checkpoint when no batch waits. */
  readonly checkpointBytes: number
  /** Past this many, a checkpoint before the next commit. */
  readonly checkpointBytesMax: number
  /** Between two attempts while the disk is full. */
  readonly diskFullRetryMs: number
}

/** The first message to the log thread. */
export interface LogThreadSettings {
  readonly memory: SharedArrayBuffer
  readonly largeBodies: MessagePort
  readonly dataDir: string
  readonly dataLogDir: string
  readonly forceSync: boolean
  readonly autocreate: boolean
  readonly dbAutocreate: boolean
  readonly trustEmptySnapshot: boolean
  readonly fsyncWarningThresholdMs: number
  readonly rollBytesMax: number
  readonly rollTxnCountMax: number
  readonly tuning: StorageTuning
}

/** A finished snapshot file, ready for the catalogue. */
export interface SnapshotEntryFields {
  readonly zxid: ZxidPair
  readonly digest: ZxidPair
  readonly bytes: number
  readonly file: string
}

/** Requests to the log thread, as JSON in the ring. Each is answered once. */
export type LogRequest =
  | { readonly kind: 'recover' }
  | { readonly kind: 'nextChunks' }
  | { readonly kind: 'olderSnapshot' }
  | { readonly kind: 'nextBatches' }
  | { readonly kind: 'setEpoch'; readonly which: 'accepted' | 'current'; readonly epoch: number }
  | { readonly kind: 'catalogueSnapshot'; readonly snapshot: SnapshotEntryFields }
  | {
      readonly kind: 'installSnapshot'
      readonly snapshot: SnapshotEntryFields
      readonly currentEpoch: number
    }
  | { readonly kind: 'roll' }
  | { readonly kind: 'purge'; readonly snapRetainCount: number }
  | { readonly kind: 'truncate'; readonly zxid: ZxidPair }
  | { readonly kind: 'readLog'; readonly after: ZxidPair; readonly bytesMax: number }
  | { readonly kind: 'findInLog'; readonly zxid: ZxidPair }
  | { readonly kind: 'close' }

export type LogRequestKind = LogRequest['kind']

/** Transactions read from the log, in the form in which they were appended. */
export interface ReadBatch {
  readonly firstZxidHi: number
  readonly firstZxidLo: number
  readonly lastZxidHi: number
  readonly lastZxidLo: number
  readonly txnCount: number
  /** Concatenation of (int32 length, transaction). */
  readonly body: Uint8Array
}

/** The snapshot that a start begins with. */
export interface SnapshotHead {
  readonly zxid: ZxidPair
  readonly digest: ZxidPair
  readonly nodeCount: number
  readonly sessionCount: number
}

/** What a start found: the head of `Recovery`. */
export interface RecoveryHead {
  readonly snapshot: SnapshotHead | null
  readonly lastZxid: ZxidPair
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  readonly wasCleanShutdown: boolean
  readonly isUninitialized: boolean
}

/** A place in the log, and what it would cost to go on from there. */
export interface FoundInLog extends ZxidPair {
  /** Bytes of the log's files from the one with this place on. */
  readonly logBytes: number
  /** Bytes of the newest snapshot's file; 0 if there is none. */
  readonly snapshotBytes: number
}

/** The answer to each kind of request. */
export interface LogAnswers {
  recover: RecoveryHead
  nextChunks: Uint8Array[] | null
  olderSnapshot: SnapshotHead | null
  nextBatches: ReadBatch | null
  setEpoch: null
  catalogueSnapshot: null
  installSnapshot: null
  roll: null
  purge: string[]
  truncate: null
  readLog: ReadBatch | null
  findInLog: FoundInLog | null
  close: null
}

/**
 * What the log thread posts. A bare number is the sequence up to which all is durable: the most frequent message by
 * far, so it is the cheapest.
 */
export type LogReport =
  | number
  | { readonly kind: 'opened' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: LogAnswers[LogRequestKind] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: StorageErrorFields }
  | { readonly kind: 'diskFull'; readonly isFull: boolean }
  | { readonly kind: 'fatal'; readonly error: StorageErrorFields }
  | { readonly kind: 'say'; readonly level: 'info' | 'warn' | 'error'; readonly message: string }

/** Posts a report to the main thread; `transfer` moves memory instead of copying it. */
export type SendReport = (report: LogReport, transfer: ArrayBuffer[]) => void

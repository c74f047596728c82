import type { StorageErrorFields } from './storage-error.ts'
import type { ZxidPair } from './thread-messages.ts'

/** What the main thread and the snapshot thread say to each other. */

export type SnapshotCommand =
  /** What follows, up to `finish` or `abort`, is of this snapshot. */
  | {
      readonly kind: 'begin'
      /** dataDir/version-2 */
      readonly folder: string
      readonly file: string
      /** Not that of any other snapshot of this process. */
      readonly attempt: number
    }
  | { readonly kind: 'write'; readonly chunk: ArrayBuffer; readonly bytes: number }
  | {
      readonly kind: 'finish'
      readonly zxid: ZxidPair
      readonly digest: ZxidPair
      readonly nodeCount: number
      readonly sessionCount: number
    }
  | { readonly kind: 'abort' }
  /** No more snapshots come. */
  | { readonly kind: 'end' }

/** Each of one attempt; `finished`, `aborted` and `failed` are the last of it. */
export type SnapshotReport =
  /** The chunk comes back, to be used again. */
  | { readonly kind: 'written'; readonly attempt: number; readonly chunk: ArrayBuffer; readonly bytes: number }
  | { readonly kind: 'finished'; readonly attempt: number; readonly bytes: number }
  | { readonly kind: 'aborted'; readonly attempt: number }
  | { readonly kind: 'failed'; readonly attempt: number; readonly error: StorageErrorFields }

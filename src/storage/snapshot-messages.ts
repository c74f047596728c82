import type { StorageErrorFields } from './storage-error.ts'
import type { ZxidPair } from './thread-messages.ts'

/** What the main thread and a snapshot thread say to each other. */

export interface SnapshotThreadSettings {
  /** dataDir/version-2 */
  readonly folder: string
  readonly file: string
  /** Not that of any other snapshot thread of this process. */
  readonly attempt: number
}

export type SnapshotCommand =
  | { readonly kind: 'write'; readonly chunk: ArrayBuffer; readonly bytes: number }
  | {
      readonly kind: 'finish'
      readonly zxid: ZxidPair
      readonly digest: ZxidPair
      readonly nodeCount: number
      readonly sessionCount: number
    }
  | { readonly kind: 'abort' }

export type SnapshotReport =
  /** The chunk comes back, to be used again. */
  | { readonly kind: 'written'; readonly chunk: ArrayBuffer; readonly bytes: number }
  | { readonly kind: 'finished'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly error: StorageErrorFields }

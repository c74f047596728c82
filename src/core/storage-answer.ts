/** Answers to storage requests, as they come with the input `stored`. A failure that cannot be lived with ends the process instead. */
export type StorageAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'zxid'; readonly zxidHi: number; readonly zxidLo: number }
  | { readonly kind: 'slice'; readonly lastZxidHi: number; readonly lastZxidLo: number; readonly body: Uint8Array }
  /** Nothing there: end of the log, or the log does not go back so far. */
  | { readonly kind: 'nothing' }
  /** Truncation: the oldest snapshot is newer than the zxid; only a snapshot of the leader can help. */
  | { readonly kind: 'impossible' }

/** What stores of all kinds hold. */
export interface StoreContent {
  /** Private keys, each with the certificates that go with it. */
  readonly keys: readonly StoredKey[]
  /** Certificates that are there to be trusted, in DER. */
  readonly trusted: readonly Buffer[]
  /** Revocation lists, in DER (PEM files only). */
  readonly revocationLists: readonly Buffer[]
}

export interface StoredKey {
  /** PKCS #8, unencrypted, in DER. */
  readonly key: Buffer
  /** The key's own certificate first, then those that signed it, in DER. */
  readonly chain: readonly Buffer[]
}

/** A store cannot be read. The message ends a sentence that begins with the store's name: "… : wrong password". */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}

export const WRONG_PASSWORD = 'wrong password, or the file is damaged'

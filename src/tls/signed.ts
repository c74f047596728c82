import { type KeyObject, verify } from 'node:crypto'

/** What an authority has signed: a revocation list, an OCSP responder's answer. */
export interface Signed {
  /** Object identifier of the signature's algorithm. */
  readonly algorithm: string
  readonly signed: Buffer
  readonly signature: Buffer
}

/** Hashes of the signature algorithms that there are; null: the algorithm has its own. */
const HASHES: ReadonlyMap<string, string | null> = new Map([
  ['1.2.840.113549.1.1.5', 'sha1'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.3.101.112', null],
  ['1.3.101.113', null]
])

/** Tells whether the owner of a key has signed something. */
export function isSignedBy({ algorithm, signed, signature }: Signed, signer: KeyObject): boolean {
  const hash = HASHES.get(algorithm)
  return hash !== undefined && verify(hash, signed, signer, signature)
}

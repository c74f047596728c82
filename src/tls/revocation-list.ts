import { childOf, childrenOf, DerTag, type DerValue, objectIdentifierOf, readDer, timeOf } from './der.ts'
import type { Signed } from './signed.ts'

/** A list of certificates that their issuer has revoked. @see RFC 5280, 5.1 */
export interface RevocationList extends Signed {
  /** Name of the issuer, DER. */
  readonly issuer: Buffer
  /** When the next one is due, ms since 1970; null = not said. */
  readonly nextUpdateMs: number | null
  /** Serial numbers, hexadecimal. */
  readonly serialNumbers: ReadonlySet<string>
}

/** @param bytes DER, or PEM @throws DerError */
export function readRevocationList(bytes: Buffer): RevocationList {
  const parts = childrenOf(readDer(derOf(bytes)))
  const body = childOf(parts, 0, DerTag.sequence)
  const fields = childrenOf(body)
  const first = fields[0]?.tag === DerTag.integer ? 1 : 0 // the version may be left out
  const [nextUpdate, ...rest] = fields.slice(first + 3)
  const hasNextUpdate = nextUpdate !== undefined && isTime(nextUpdate)
  const revoked = hasNextUpdate ? rest[0] : nextUpdate
  return {
    issuer: childOf(fields, first + 1, DerTag.sequence).bytes,
    nextUpdateMs: hasNextUpdate ? timeOf(nextUpdate) : null,
    serialNumbers: new Set(revoked?.tag === DerTag.sequence ? childrenOf(revoked).map(serialNumberOf) : []),
    algorithm: objectIdentifierOf(childOf(childrenOf(childOf(parts, 1)), 0)),
    signed: body.bytes,
    signature: childOf(parts, 2, DerTag.bitString).content.subarray(1)
  }
}

function derOf(bytes: Buffer): Buffer {
  const pem = /-----BEGIN X509 CRL-----([^-]+)-----END/.exec(
    bytes.subarray(0, 100).includes('BEGIN') ? bytes.toString('latin1') : ''
  )
  return pem?.[1] === undefined ? bytes : Buffer.from(pem[1], 'base64')
}

function isTime({ tag }: DerValue): boolean {
  return tag === DerTag.utcTime || tag === DerTag.generalizedTime
}

function serialNumberOf(entry: DerValue): string {
  return childOf(childrenOf(entry), 0, DerTag.integer).content.toString('hex')
}

import { childOf, childrenOf, DerError, DerTag, type DerValue, objectIdentifierOf, readDer, timeOf } from '../der.ts'
import type { Signed } from '../signed.ts'

/** A responder's answer. @see RFC 6960, 4.2.1: BasicOCSPResponse */
export interface OcspResponse extends Signed {
  readonly answers: readonly OcspAnswer[]
  /** Certificates that came along, DER: the responder's may be among them. */
  readonly certificates: readonly Buffer[]
}

/** What it says of one certificate. */
export interface OcspAnswer {
  readonly hashAlgorithm: string
  readonly issuerNameHash: Buffer
  readonly issuerKeyHash: Buffer
  /** Hexadecimal. */
  readonly serialNumber: string
  readonly status: 'good' | 'revoked' | 'unknown'
  /** ms since 1970 */
  readonly thisUpdateMs: number
  /** When it is out of date; null: newer ones are there at any time. */
  readonly nextUpdateMs: number | null
}

/** A responder's refusal. */
export class OcspRefusalError extends Error {
  override readonly name = 'OcspRefusalError'
}

const ENUMERATED = 0x0a
const CONTEXT_0 = 0xa0
const BASIC = '1.3.6.1.5.5.7.48.1.1'
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [1, 'it finds the request malformed'],
  [2, 'it has an internal error'],
  [3, 'it says to try later'],
  [5, 'it wants signed requests'],
  [6, 'it does not answer for this authority, or this server']
])
/** By the number of the context tag. */
const STATUSES = ['good', 'revoked', 'unknown'] as const

/** @throws DerError if it is none; OcspRefusalError */
export function readOcspResponse(bytes: Buffer): OcspResponse {
  const parts = childrenOf(sequence(readDer(bytes)))
  const code = childOf(parts, 0, ENUMERATED).content[0] ?? 0
  if (code !== 0) throw new OcspRefusalError(REFUSALS.get(code) ?? `it answers with status ${code}`)
  const wrapped = childrenOf(childOf(childrenOf(childOf(parts, 1, CONTEXT_0)), 0, DerTag.sequence))
  if (objectIdentifierOf(childOf(wrapped, 0)) !== BASIC) throw new DerError('not a basic OCSP response')
  const basic = childrenOf(sequence(readDer(childOf(wrapped, 1, DerTag.octetString).content)))
  const body = childOf(basic, 0, DerTag.sequence)
  const certificates = basic[3]?.tag === CONTEXT_0 ? childrenOf(childOf(childrenOf(basic[3]), 0, DerTag.sequence)) : []
  return {
    answers: answersOf(childrenOf(body)),
    certificates: certificates.map((certificate) => certificate.bytes),
    algorithm: objectIdentifierOf(childOf(childrenOf(childOf(basic, 1, DerTag.sequence)), 0)),
    signed: body.bytes,
    signature: childOf(basic, 2, DerTag.bitString).content.subarray(1)
  }
}

/** Before the list are the version, which may be left out, who the responder is, and when it was made. */
function answersOf(fields: readonly DerValue[]): OcspAnswer[] {
  const first = fields[0]?.tag === CONTEXT_0 ? 1 : 0
  return childrenOf(childOf(fields, first + 2, DerTag.sequence)).map(answerOf)
}

function answerOf(value: DerValue): OcspAnswer {
  const fields = childrenOf(sequence(value))
  const id = childrenOf(childOf(fields, 0, DerTag.sequence))
  const status = STATUSES[childOf(fields, 1).tag & 0x1f]
  if (status === undefined) throw new DerError('a status that there is not')
  const next = fields[3]
  return {
    hashAlgorithm: objectIdentifierOf(childOf(childrenOf(childOf(id, 0, DerTag.sequence)), 0)),
    issuerNameHash: childOf(id, 1, DerTag.octetString).content,
    issuerKeyHash: childOf(id, 2, DerTag.octetString).content,
    serialNumber: childOf(id, 3, DerTag.integer).content.toString('hex'),
    status,
    thisUpdateMs: timeOf(childOf(fields, 2)),
    nextUpdateMs: next?.tag === CONTEXT_0 ? timeOf(childOf(childrenOf(next), 0)) : null
  }
}

function sequence(value: DerValue): DerValue {
  if (value.tag !== DerTag.sequence) throw new DerError(`tag ${value.tag} where a sequence must be`)
  return value
}

import { createHash } from 'node:crypto'
import type { CertificateFacts } from '../certificate.ts'
import { DerTag, writeDer } from '../der.ts'

/** What a responder knows a certificate by. @see RFC 6960, 4.1.1: CertID */
export interface CertificateId {
  /** SHA-1 of the issuer's name and key: this identifies, it does not protect. */
  readonly issuerNameHash: Buffer
  readonly issuerKeyHash: Buffer
  /** Hexadecimal. */
  readonly serialNumber: string
}

/** 1.3.14.3.2.26, and NULL for its parameters. */
const SHA1 = Buffer.from('300906052b0e03021a0500', 'hex')

export function certificateIdOf(certificate: CertificateFacts, issuer: CertificateFacts): CertificateId {
  return {
    issuerNameHash: sha1(certificate.issuer),
    issuerKeyHash: sha1(issuer.publicKeyBits),
    serialNumber: certificate.serialNumber
  }
}

/** The request about one certificate, DER, without a nonce: answers may be made in advance, and are good for a while. */
export function encodeOcspRequest({ issuerNameHash, issuerKeyHash, serialNumber }: CertificateId): Buffer {
  const id = writeDer(
    DerTag.sequence,
    SHA1,
    writeDer(DerTag.octetString, issuerNameHash),
    writeDer(DerTag.octetString, issuerKeyHash),
    writeDer(DerTag.integer, Buffer.from(serialNumber, 'hex'))
  )
  // OCSPRequest, its TBSRequest, the list of requests, one of them.
  return [1, 2, 3, 4].reduce((inner) => writeDer(DerTag.sequence, inner), id)
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest()
}

import { childOf, childrenOf, DerTag, type DerValue, objectIdentifierOf, objectIdentifierText, readDer } from './der.ts'
import { commonNameOf, distinguishedNameOf } from './distinguished-name.ts'

/** What is looked at in the certificate of a peer that Node.js has verified. */
export interface CertificateFacts {
  /** Serial number, hexadecimal, as it stands in revocation lists. */
  readonly serialNumber: string
  /** Names, in DER. */
  readonly issuer: Buffer
  readonly subject: Buffer
  /** The subject as Java prints it. */
  readonly subjectName: string
  /** The last common name of the subject; null without one. */
  readonly commonName: string | null
  readonly alternativeNames: readonly AlternativeName[]
  /** Where the revocation list of its issuer is, by HTTP. */
  readonly revocationListUrls: readonly string[]
  /** Where one may ask for its status (OCSP), by HTTP. */
  readonly ocspUrls: readonly string[]
  /** The bits of its public key, without their algorithm. */
  readonly publicKeyBits: Buffer
}

/** A subject alternative name: its kind by RFC 5280 (1 mail, 2 DNS, 4 directory, 6 URI, 7 address …), and what it says. */
export interface AlternativeName {
  readonly kind: number
  /** As Java gives it: text, a distinguished name (kind 4), an address (7), dotted numbers (8); hexadecimal for the others. */
  readonly value: string
}

export const AlternativeNameKind = { mail: 1, dns: 2, directory: 4, uri: 6, address: 7, registeredId: 8 } as const

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const CRL_DISTRIBUTION_POINTS = '2.5.29.31'
const AUTHORITY_INFORMATION_ACCESS = '1.3.6.1.5.5.7.1.1'
const OCSP_ACCESS = '1.3.6.1.5.5.7.48.1'
const CONTEXT_0 = 0xa0
const CONTEXT_3 = 0xa3

/** Takes a certificate apart. @throws DerError */
export function certificateFacts(der: Buffer): CertificateFacts {
  const body = childrenOf(childOf(childrenOf(readDer(der)), 0, DerTag.sequence))
  const first = body[0]?.tag === CONTEXT_0 ? 1 : 0 // the version may be left out
  const subject = childOf(body, first + 4, DerTag.sequence)
  const extensions = extensionsOf(body)
  return {
    serialNumber: childOf(body, first, DerTag.integer).content.toString('hex'),
    issuer: childOf(body, first + 2, DerTag.sequence).bytes,
    subject: subject.bytes,
    subjectName: distinguishedNameOf(subject),
    commonName: commonNameOf(subject),
    alternativeNames: alternativeNamesOf(extensions.get(SUBJECT_ALTERNATIVE_NAME)),
    revocationListUrls: urlsOf(extensions.get(CRL_DISTRIBUTION_POINTS)),
    ocspUrls: ocspUrlsOf(extensions.get(AUTHORITY_INFORMATION_ACCESS)),
    publicKeyBits: childOf(childrenOf(childOf(body, first + 5, DerTag.sequence)), 1, DerTag.bitString).content.subarray(
      1
    )
  }
}

function extensionsOf(body: readonly DerValue[]): Map<string, Buffer> {
  const extensions = new Map<string, Buffer>()
  const wrapper = body.find(({ tag }) => tag === CONTEXT_3)
  if (wrapper === undefined) return extensions
  for (const extension of childrenOf(childOf(childrenOf(wrapper), 0, DerTag.sequence))) {
    const parts = childrenOf(extension)
    const value = childOf(parts, parts.length - 1, DerTag.octetString) // before it, perhaps, whether it is critical
    extensions.set(objectIdentifierOf(childOf(parts, 0)), value.content)
  }
  return extensions
}

function alternativeNamesOf(extension: Buffer | undefined): AlternativeName[] {
  if (extension === undefined) return []
  return childrenOf(readDer(extension)).map(({ tag, content }) => {
    const kind = tag & 0x1f
    return { kind, value: alternativeNameText(kind, content) }
  })
}

function alternativeNameText(kind: number, content: Buffer): string {
  switch (kind) {
    case AlternativeNameKind.mail:
    case AlternativeNameKind.dns:
    case AlternativeNameKind.uri:
      return content.toString('latin1')
    case AlternativeNameKind.directory:
      return distinguishedNameOf(readDer(content))
    case AlternativeNameKind.address:
      return addressOf(content)
    case AlternativeNameKind.registeredId:
      return objectIdentifierText(content)
    default:
      return content.toString('hex')
  }
}

/** An address as Java prints it: no part of an IPv6 one is left out. */
function addressOf(content: Buffer): string {
  if (content.length === 4) return [...content].join('.')
  const parts: string[] = []
  for (let offset = 0; offset + 1 < content.length; offset += 2) parts.push(content.readUInt16BE(offset).toString(16))
  return parts.join(':')
}

/** The HTTP addresses in CRLDistributionPoints: each point may have a full name, which is a list of names. */
function urlsOf(extension: Buffer | undefined): string[] {
  if (extension === undefined) return []
  const urls: string[] = []
  for (const point of childrenOf(readDer(extension))) {
    const place = childrenOf(point).find(({ tag }) => tag === CONTEXT_0)
    const fullName = place === undefined ? undefined : childrenOf(place).find(({ tag }) => tag === CONTEXT_0)
    if (fullName === undefined) continue
    for (const { tag, content } of childrenOf(fullName)) {
      if ((tag & 0x1f) === AlternativeNameKind.uri) urls.push(content.toString('latin1'))
    }
  }
  return urls.filter(isHttp)
}

/** AuthorityInfoAccess is a list of ways and places. */
function ocspUrlsOf(extension: Buffer | undefined): string[] {
  if (extension === undefined) return []
  const ways = childrenOf(readDer(extension)).map((way) => childrenOf(way))
  const places = ways.filter((way) => objectIdentifierOf(childOf(way, 0)) === OCSP_ACCESS).map((way) => childOf(way, 1))
  const urls = places.filter(({ tag }) => (tag & 0x1f) === AlternativeNameKind.uri)
  return urls.map(({ content }) => content.toString('latin1')).filter(isHttp)
}

function isHttp(url: string): boolean {
  return /^https?:/i.test(url)
}

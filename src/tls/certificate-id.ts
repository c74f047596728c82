import type { CertificateFacts } from './certificate.ts'

/**
 * What of a certificate is its id in ACLs of the scheme `x509`: the subject, or a subject alternative name
 * (`ssl.x509.clientCertIdType=SAN` and its companions, as LinkedIn's servers have them).
 */
export interface CertificateIdSettings {
  readonly type: 'subject' | 'san'
  /** Kind of the alternative name, by its number in RFC 5280: 1 mail, 2 DNS, 6 URI, 7 address. */
  readonly matchKind: number
  /** Exactly one name of that kind must match. */
  readonly match: RegExp
  /** What is taken out of it. */
  readonly extract: RegExp
  /** Group of `extract` that is the id; 0 = all that it matches. */
  readonly extractGroup: number
}

/**
 * @param warn told where a certificate has no such name: its subject is the id then, as there
 */
export function certificateIdBy(
  settings: CertificateIdSettings,
  warn: (problem: string) => void
): (certificate: CertificateFacts) => string {
  if (settings.type === 'subject') return ({ subjectName }) => subjectName
  return (certificate) => {
    const id = alternativeNameId(settings, certificate)
    if (id !== null) return id
    warn(
      `the certificate of ${certificate.subjectName} has no alternative name that ssl.x509.clientCertIdSan* ask for, or more than one: its subject is its id`
    )
    return certificate.subjectName
  }
}

function alternativeNameId(
  { matchKind, match, extract, extractGroup }: CertificateIdSettings,
  { alternativeNames }: CertificateFacts
): string | null {
  const found = alternativeNames.filter(({ kind, value }) => kind === matchKind && match.test(value))
  const [only] = found
  if (only === undefined || found.length > 1) return null
  return extract.exec(only.value)?.[extractGroup] ?? null
}

import { AlternativeNameKind, type CertificateFacts } from './certificate.ts'

/**
 * What of a certificate is its id in ACLs of the scheme `x509`: the subject, as of Apache's servers, or a subject alternative
 * name (`ssl.x509.clientCertIdType=SAN` and its companions, which LinkedIn's fork of 3.6 has; 3.9.5 has none of them).
 */
export interface CertificateIdSettings {
  readonly type: 'subject' | 'san'
  /** Kind of the alternative name, by its number in RFC 5280: 1 mail, 2 DNS, 4 directory, 6 URI, 7 address, 8 registered id. */
  readonly matchKind: number
  /** Exactly one name of that kind must have a place that matches. */
  readonly match: RegExp
  /** What is taken out of it: the first place that matches. */
  readonly extract: RegExp
  /** Group of `extract` that is the id; 0 = all that it matches. */
  readonly extractGroup: number
}

/** The kinds that Java gives as text. Of others it gives bytes, in which the fork finds nothing either. */
const TEXT_KINDS: ReadonlySet<number> = new Set(Object.values(AlternativeNameKind))

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
  if (!TEXT_KINDS.has(matchKind)) return null
  const found = alternativeNames.filter(({ kind, value }) => kind === matchKind && match.test(value))
  const [only] = found
  if (only === undefined || found.length > 1) return null
  return extract.exec(only.value)?.[extractGroup] ?? null
}

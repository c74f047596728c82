import { X509Certificate } from 'node:crypto'
import { AnswerCache } from '../answer-cache.ts'
import { type DownloadLimits, download } from '../bounded-download.ts'
import type { CertificateFacts } from '../certificate.ts'
import type { RevocationStatus } from '../revocation-status.ts'
import { isSignedBy } from '../signed.ts'
import { type CertificateId, certificateIdOf, encodeOcspRequest } from './request.ts'
import { type OcspAnswer, type OcspResponse, readOcspResponse } from './response.ts'

/** Short: lists may have to be asked after it, and a handshake has its limit, too. */
const TIMEOUT_MS = 3000
const SIZE_BYTES_MAX = 256 * 1024
/** An answer is used for so long before it is asked for again, and for no longer than it is valid. */
const REFRESH_MS = 60_000
const ANSWERS_MAX = 10_000
/** As Java's: how far a responder's clock may be off. */
const CLOCK_SKEW_MS = 15 * 60_000
const HEADERS = { 'Content-Type': 'application/ocsp-request', Accept: 'application/ocsp-response' }
const SHA1 = '1.3.14.3.2.26'
/** Extended key usage of those who answer for an authority. */
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'

/** Asks the responders that certificates name (RFC 6960). What they say counts if the issuer, or whom he has entitled, has signed it. */
export class OcspResponders {
  readonly #answers = new AnswerCache<OcspAnswer>(REFRESH_MS, ANSWERS_MAX)
  readonly #limits: DownloadLimits

  /** @param timeoutMs for each responder's answer */
  constructor(timeoutMs: number = TIMEOUT_MS) {
    this.#limits = { timeoutMs, sizeBytesMax: SIZE_BYTES_MAX }
  }

  /** @param stapled an answer that has come with the certificate; then no responder is asked, as with Java */
  async statusOf(
    certificate: CertificateFacts,
    issuerFacts: CertificateFacts,
    issuer: X509Certificate,
    stapled: Buffer | null
  ): Promise<RevocationStatus> {
    const id = certificateIdOf(certificate, issuerFacts)
    if (stapled !== null) {
      const status = await statusBy(async () => goodAnswer(stapled, id, issuer))
      return status.kind === 'untold' ? { kind: 'untold', why: `what came with it: ${status.why}` } : status
    }
    const failures: string[] = []
    for (const url of certificate.ocspUrls) {
      const status = await statusBy(() => this.#ask(url, id, issuer))
      if (status.kind !== 'untold') return status
      failures.push(`${url}: ${status.why}`)
    }
    return { kind: 'untold', why: failures.length > 0 ? failures.join('; ') : 'it names no responder' }
  }

  async #ask(url: string, id: CertificateId, issuer: X509Certificate): Promise<OcspAnswer> {
    const key = `${id.issuerKeyHash.toString('hex')} ${id.issuerNameHash.toString('hex')} ${id.serialNumber} ${url}`
    const ask = async (): Promise<OcspAnswer> => {
      const request = { method: 'POST', headers: HEADERS, body: encodeOcspRequest(id) }
      return goodAnswer(await download(url, this.#limits, request), id, issuer)
    }
    const answer = await this.#answers.get(key, ask)
    if (isValid(answer, Date.now())) return answer
    throw new Error('its answer is out of date')
  }
}

async function statusBy(answer: () => Promise<OcspAnswer>): Promise<RevocationStatus> {
  try {
    const { status } = await answer()
    return status === 'unknown' ? { kind: 'untold', why: 'it does not know the certificate' } : { kind: status }
  } catch (error) {
    return { kind: 'untold', why: error instanceof Error ? error.message : String(error) }
  }
}

/** The answer on a certificate that may be believed. @throws Error */
export function goodAnswer(bytes: Buffer, id: CertificateId, issuer: X509Certificate, nowMs = Date.now()): OcspAnswer {
  const response = readOcspResponse(bytes)
  const answer = response.answers.find((one) => isAbout(one, id))
  if (answer === undefined) throw new Error('it answers for other certificates')
  if (!isEntitled(response, issuer, nowMs))
    throw new Error('its answer is not signed by the issuer, or whom he has entitled')
  if (!isValid(answer, nowMs)) throw new Error('its answer is out of date')
  return answer
}

function isAbout(answer: OcspAnswer, id: CertificateId): boolean {
  return (
    answer.hashAlgorithm === SHA1 &&
    answer.serialNumber === id.serialNumber &&
    answer.issuerNameHash.equals(id.issuerNameHash) &&
    answer.issuerKeyHash.equals(id.issuerKeyHash)
  )
}

/** The issuer, or one to whom he has given a certificate for this, has signed it. @see RFC 6960, 4.2.2.2 */
function isEntitled(response: OcspResponse, issuer: X509Certificate, nowMs: number): boolean {
  if (isSignedBy(response, issuer.publicKey)) return true
  return response.certificates.some((der) => {
    const delegate = new X509Certificate(der)
    return (
      delegate.checkIssued(issuer) &&
      delegate.verify(issuer.publicKey) &&
      (delegate.keyUsage ?? []).includes(OCSP_SIGNING) &&
      Date.parse(delegate.validFrom) <= nowMs &&
      nowMs <= Date.parse(delegate.validTo) &&
      isSignedBy(response, delegate.publicKey)
    )
  })
}

function isValid({ thisUpdateMs, nextUpdateMs }: OcspAnswer, nowMs: number): boolean {
  return thisUpdateMs <= nowMs + CLOCK_SKEW_MS && nowMs - CLOCK_SKEW_MS <= (nextUpdateMs ?? thisUpdateMs)
}

import type { X509Certificate } from 'node:crypto'
import { AnswerCache } from './answer-cache.ts'
import { download } from './bounded-download.ts'
import type { CertificateFacts } from './certificate.ts'
import { type RevocationList, readRevocationList } from './revocation-list.ts'
import type { RevocationStatus } from './revocation-status.ts'
import { isSignedBy } from './signed.ts'

const LIMITS = { timeoutMs: 5000, sizeBytesMax: 32 * 1024 * 1024 }
/** A list that has been downloaded is used for so long before it is asked for again. */
const REFRESH_MS = 60_000
const LISTS_MAX = 100

/** Revocation lists: those that stand in the trust store (PEM), and those that certificates name, by HTTP. */
export class RevocationLists {
  readonly #own: () => readonly Buffer[]
  readonly #downloads = new AnswerCache<RevocationList>(REFRESH_MS, LISTS_MAX)

  /** @param own lists in the trust store, DER, as they are now */
  constructor(own: () => readonly Buffer[]) {
    this.#own = own
  }

  /** What the lists of its issuer say of a certificate. */
  async statusOf(certificate: CertificateFacts, issuer: X509Certificate): Promise<RevocationStatus> {
    const own = this.#own().map(readRevocationList)
    const known = own.find((list) => isUsable(list, certificate, issuer))
    if (known !== undefined) return { kind: isOn(known, certificate) }
    const failures: string[] = []
    for (const url of certificate.revocationListUrls) {
      try {
        const list = await this.#downloads.get(url, async () => readRevocationList(await download(url, LIMITS)))
        if (isUsable(list, certificate, issuer)) return { kind: isOn(list, certificate) }
        failures.push(`${url} is out of date, or not of its issuer`)
      } catch (error) {
        failures.push(`${url}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    const why = failures.length > 0 ? failures.join('; ') : 'it names none by HTTP, and the trust store has none'
    return { kind: 'untold', why }
  }
}

/** It is its issuer's, signed by him, and valid now. */
function isUsable(list: RevocationList, certificate: CertificateFacts, issuer: X509Certificate): boolean {
  if (!list.issuer.equals(certificate.issuer)) return false
  if (list.nextUpdateMs !== null && list.nextUpdateMs < Date.now()) return false
  return isSignedBy(list, issuer.publicKey)
}

function isOn(list: RevocationList, { serialNumber }: CertificateFacts): 'good' | 'revoked' {
  return list.serialNumbers.has(serialNumber) ? 'revoked' : 'good'
}

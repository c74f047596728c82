import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { type CertificateFacts, certificateFacts } from './certificate.ts'
import { isSignedBy, type RevocationList, readRevocationList } from './revocation-list.ts'

/** For a download. */
const TIMEOUT_MS = 5000
const LIST_BYTES_MAX = 32 * 1024 * 1024
/** A list that has been downloaded is used for so long before it is asked for again. */
const REFRESH_MS = 60_000
/** Lists that are kept. */
const LISTS_MAX = 100
/** Longest chain that is looked at; OpenSSL takes no longer ones. */
const CHAIN_MAX = 100

interface Download {
  readonly atMs: number
  readonly list: Promise<RevocationList>
}

/**
 * Looks up certificates in the revocation lists of those who signed them (`ssl.crl`): lists that stand in the trust store (PEM), and
 * those that the certificates name, by HTTP.
 *
 * As with Java, each certificate of a chain is looked up but for the one that is trusted itself, and one for which there is no list that
 * is valid now is refused.
 */
export class RevocationCheck {
  readonly #own: () => readonly Buffer[]
  readonly #downloads = new Map<string, Download>()

  /** @param own lists in the trust store, DER, as they are now */
  constructor(own: () => readonly Buffer[]) {
    this.#own = own
  }

  /** Resolves with what is wrong with a peer's certificate, in one line; null if nothing is. The peer has been verified. */
  async problemOf(socket: TLSSocket): Promise<string | null> {
    let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
    for (let depth = 0; depth < CHAIN_MAX; depth++) {
      const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
      if (issuer === undefined || issuer.raw.equals(certificate.raw)) return null
      const problem = await this.#problemOfOne(certificateFacts(certificate.raw), new X509Certificate(issuer.raw))
      if (problem !== null) return depth === 0 ? problem : `who has signed it: ${problem}`
      certificate = issuer
    }
    return 'its chain is too long'
  }

  async #problemOfOne(certificate: CertificateFacts, issuer: X509Certificate): Promise<string | null> {
    const own = this.#own().map(readRevocationList)
    const known = own.find((list) => isUsable(list, certificate, issuer))
    if (known !== undefined) return isRevoked(known, certificate)
    const failures: string[] = []
    for (const url of certificate.revocationListUrls) {
      try {
        const list = await this.#download(url)
        if (isUsable(list, certificate, issuer)) return isRevoked(list, certificate)
        failures.push(`${url} is out of date, or not of its issuer`)
      } catch (error) {
        failures.push(`${url}: ${reasonOf(error)}`)
      }
    }
    const why = failures.length > 0 ? failures.join('; ') : 'it names none by HTTP, and the trust store has none'
    return `whether it is revoked cannot be told, for want of a revocation list (${why})`
  }

  #download(url: string): Promise<RevocationList> {
    const known = this.#downloads.get(url)
    if (known !== undefined && performance.now() - known.atMs < REFRESH_MS) return known.list
    if (this.#downloads.size >= LISTS_MAX) this.#downloads.clear()
    const list = download(url)
    this.#downloads.set(url, { atMs: performance.now(), list })
    list.catch(() => this.#failed(url, known))
    return list
  }

  /** The next one asks again. */
  #failed(url: string, before: Download | undefined): void {
    if (before === undefined) this.#downloads.delete(url)
    else this.#downloads.set(url, before)
  }
}

async function download(url: string): Promise<RevocationList> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of response.body ?? []) {
    size += piece.length
    if (size > LIST_BYTES_MAX) throw new Error('it is too long')
    pieces.push(piece)
  }
  return readRevocationList(Buffer.concat(pieces))
}

/** It is its issuer's, signed by him, and valid now. */
function isUsable(list: RevocationList, certificate: CertificateFacts, issuer: X509Certificate): boolean {
  if (!list.issuer.equals(certificate.issuer)) return false
  if (list.nextUpdateMs !== null && list.nextUpdateMs < Date.now()) return false
  return isSignedBy(list, issuer.publicKey)
}

function isRevoked(list: RevocationList, { serialNumber }: CertificateFacts): string | null {
  return list.serialNumbers.has(serialNumber) ? 'it is revoked' : null
}

/** `fetch` says what went wrong in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error // fetch and the reader throw nothing else
  return cause instanceof Error ? cause.message : message
}

import { X509Certificate } from 'node:crypto'
import type { ConnectionOptions, DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { type CertificateFacts, certificateFacts } from './certificate.ts'
import { OcspResponders } from './ocsp/responders.ts'
import { RevocationLists } from './revocation-lists.ts'

/** Longest chain that is looked at; OpenSSL takes no longer ones. */
const CHAIN_MAX = 100

/** By what certificates are looked up; with neither they are not. */
export interface RevocationSettings {
  /** By revocation lists. */
  readonly crl: boolean
  /** By OCSP; where that does not tell, by revocation lists. */
  readonly ocsp: boolean
}

/** Options of a connection that asks its server for the answer of a responder; Node's types have it for sockets only. */
export type StaplingOptions = ConnectionOptions & { readonly requestOCSP: boolean }

/**
 * Tells whether certificates have been revoked by those who signed them, by lists (`ssl.crl`) or by OCSP (`ssl.ocsp`).
 *
 * As with Java, each certificate of a chain is looked up but for the one that is trusted itself, one of which nobody tells is refused, and
 * OCSP falls back to lists.
 */
export class RevocationCheck {
  readonly #lists: RevocationLists
  readonly #responders: OcspResponders | null
  /** What servers have sent along with their own certificates. */
  readonly #stapled = new WeakMap<TLSSocket, Buffer>()

  /** @param own lists in the trust store, DER, as they are now */
  constructor(own: () => readonly Buffer[], settings: Pick<RevocationSettings, 'ocsp'> = { ocsp: false }) {
    this.#lists = new RevocationLists(own)
    this.#responders = settings.ocsp ? new OcspResponders() : null
  }

  /** To be called for a connection that is being made with `requestOCSP`: its server may bring the responder's answer along. */
  takeStapled(socket: TLSSocket): void {
    if (this.#responders === null) return
    socket.once('OCSPResponse', (response: Buffer | null) => {
      if (response !== null && response.length > 0) this.#stapled.set(socket, response)
    })
  }

  /** Resolves with what is wrong with a peer's certificate, in one line; null if nothing is. The peer has been verified. */
  async problemOf(socket: TLSSocket): Promise<string | null> {
    let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
    for (let depth = 0; depth < CHAIN_MAX; depth++) {
      const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
      if (issuer === undefined || issuer.raw.equals(certificate.raw)) return null
      const stapled = depth === 0 ? (this.#stapled.get(socket) ?? null) : null
      const problem = await this.#problemOfOne(certificateFacts(certificate.raw), issuer.raw, stapled)
      if (problem !== null) return depth === 0 ? problem : `who has signed it: ${problem}`
      certificate = issuer
    }
    return 'its chain is too long'
  }

  async #problemOfOne(
    certificate: CertificateFacts,
    issuerDer: Buffer,
    stapled: Buffer | null
  ): Promise<string | null> {
    const issuer = new X509Certificate(issuerDer)
    const told = await this.#responders?.statusOf(certificate, certificateFacts(issuerDer), issuer, stapled)
    if (told?.kind === 'good') return null
    if (told?.kind === 'revoked') return 'it is revoked'
    const status = await this.#lists.statusOf(certificate, issuer)
    if (status.kind === 'good') return null
    if (status.kind === 'revoked') return 'it is revoked'
    const lists = `for want of a revocation list (${status.why})`
    if (told === undefined) return `whether it is revoked cannot be told, ${lists}`
    return `whether it is revoked cannot be told by OCSP (${told.why}), nor ${lists}`
  }
}

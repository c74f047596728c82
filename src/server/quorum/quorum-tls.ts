import { isIP } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { CertificateFacts } from '../../tls/certificate.ts'
import type { TlsEndpointSettings } from '../../tls/endpoint-settings.ts'
import { hostProblem, verifyPeerHost } from '../../tls/host-verification.ts'
import { type ContextLog, ReloadingContext } from '../../tls/reloading-context.ts'
import { RevocationCheck, type StaplingOptions } from '../../tls/revocation-check.ts'
import type { ServerHandshakeOptions } from '../../tls/server-handshake.ts'
import type { PeerTls } from './peer-tls.ts'

/** TLS between servers, as `ssl.quorum.*` has it. */
export class QuorumTls implements PeerTls {
  readonly #settings: TlsEndpointSettings
  readonly #context: ReloadingContext
  readonly #memberHosts: () => readonly string[]
  /** Null: whether certificates are revoked is not looked up. */
  readonly #revocation: RevocationCheck | null

  /**
   * @param isReloading the files are read again when they change (`sslQuorumReloadCertFiles`)
   * @param memberHosts hosts of the ensemble's members, as they are configured now
   * @throws TlsConfigError, one line
   */
  constructor(
    settings: TlsEndpointSettings,
    isReloading: boolean,
    memberHosts: () => readonly string[],
    log: ContextLog
  ) {
    this.#settings = settings
    this.#memberHosts = memberHosts
    const use = { property: 'ssl.quorum', needsKey: true, isWatching: isReloading }
    const context = new ReloadingContext(settings, use, log)
    this.#context = context
    const isLookedUp = settings.crl || settings.ocsp
    this.#revocation = isLookedUp ? new RevocationCheck(() => context.revocationLists, settings) : null
  }

  acceptOptions(): Omit<ServerHandshakeOptions, 'timeoutMs'> {
    return {
      secureContext: this.#context.secure,
      clientAuth: this.#settings.clientAuth,
      check: (socket, certificate) => this.#checkAccepted(socket, certificate)
    }
  }

  connectOptions(): ConnectionOptions {
    const options: StaplingOptions = {
      secureContext: this.#context.secure,
      // The name is checked behind the handshake, by the same rules for both sides.
      checkServerIdentity: () => undefined,
      requestOCSP: this.#settings.ocsp
    }
    return options
  }

  connecting(socket: TLSSocket): void {
    this.#revocation?.takeStapled(socket)
  }

  async checkConnected(socket: TLSSocket, host: string): Promise<void> {
    const { hostnameVerification, allowReverseDnsLookup } = this.#settings
    const revocation = (await this.#revocation?.problemOf(socket)) ?? null
    if (revocation !== null) throw new Error(`its certificate: ${revocation}`)
    if (!hostnameVerification) return
    const problem = await verifyPeerHost(socket, { hostName: host, allowReverseDnsLookup })
    if (problem !== null) throw new Error(`${problem} (ssl.quorum.hostnameVerification)`)
  }

  close(): void {
    this.#context.close()
  }

  /**
   * One that connects is known by its address, which few certificates have: it is as good to be what a member's host is called. A
   * stranger's certificate has neither.
   */
  async #checkAccepted(socket: TLSSocket, certificate: CertificateFacts): Promise<string | null> {
    const { hostnameVerification, clientHostnameVerification, allowReverseDnsLookup } = this.#settings
    const revocation = (await this.#revocation?.problemOf(socket)) ?? null
    if (revocation !== null || !hostnameVerification || !clientHostnameVerification) return revocation
    const isMembers = (host: string): boolean => isIP(host) === 0 && hostProblem(certificate, host) === null
    if (this.#memberHosts().some(isMembers)) return null
    const problem = await verifyPeerHost(socket, { hostName: null, allowReverseDnsLookup })
    return problem === null ? null : `${problem} (ssl.quorum.clientHostnameVerification)`
  }
}

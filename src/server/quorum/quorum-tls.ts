import { isIP } from 'node:net'
import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls'
import { certificateFacts } from '../../tls/certificate.ts'
import type { TlsEndpointSettings } from '../../tls/endpoint-settings.ts'
import { hostProblem, verifyPeerHost } from '../../tls/host-verification.ts'
import { type ContextLog, ReloadingContext } from '../../tls/reloading-context.ts'
import type { PeerTls } from './peer-tls.ts'

/** TLS between servers, as `ssl.quorum.*` has it. */
export class QuorumTls implements PeerTls {
  readonly #settings: TlsEndpointSettings
  readonly #context: ReloadingContext
  readonly #memberHosts: () => readonly string[]
  #server: TlsOptions

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
    this.#context = new ReloadingContext(
      settings,
      { property: 'ssl.quorum', needsKey: true, isWatching: isReloading },
      log
    )
    this.#server = this.#serverOptions()
    this.#context.onReload(() => {
      this.#server = this.#serverOptions()
    })
  }

  serverOptions(): TlsOptions {
    return this.#server
  }

  clientOptions(_host: string): ConnectionOptions {
    // The name is checked behind the handshake, by the same rules for both sides.
    return { secureContext: this.#context.secure, checkServerIdentity: () => undefined }
  }

  /**
   * One that connects is known by its address, which few certificates have: it is as good to be what a member's host is called. A
   * stranger's certificate has neither.
   */
  async checkAccepted(socket: TLSSocket): Promise<void> {
    const { hostnameVerification, clientHostnameVerification, allowReverseDnsLookup } = this.#settings
    const { raw } = socket.getPeerCertificate()
    if (raw === undefined) return
    if (!hostnameVerification || !clientHostnameVerification) return
    const facts = certificateFacts(raw)
    if (this.#memberHosts().some((host) => isIP(host) === 0 && hostProblem(facts, host) === null)) return
    const problem = await verifyPeerHost(socket, { hostName: null, allowReverseDnsLookup })
    if (problem !== null) throw new Error(`${problem} (ssl.quorum.clientHostnameVerification)`)
  }

  async checkConnected(socket: TLSSocket, host: string): Promise<void> {
    const { hostnameVerification, allowReverseDnsLookup } = this.#settings
    if (!hostnameVerification) return
    const problem = await verifyPeerHost(socket, { hostName: host, allowReverseDnsLookup })
    if (problem !== null) throw new Error(`${problem} (ssl.quorum.hostnameVerification)`)
  }

  close(): void {
    this.#context.close()
  }

  #serverOptions(): TlsOptions {
    const { clientAuth } = this.#settings
    const { options } = this.#context
    return { ...options, requestCert: clientAuth !== 'none', rejectUnauthorized: clientAuth === 'need' }
  }
}

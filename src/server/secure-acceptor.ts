import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Metrics, ServerStats } from '../core/metrics.ts'
import type { CertificateFacts } from '../tls/certificate.ts'
import type { TlsEndpointSettings } from '../tls/endpoint-settings.ts'
import { verifyPeerHost } from '../tls/host-verification.ts'
import type { ReloadingContext } from '../tls/reloading-context.ts'
import { RevocationCheck } from '../tls/revocation-check.ts'
import { beginServerHandshake, TLS_FIRST_BYTE } from '../tls/server-handshake.ts'
import type { Logger } from './logging/logger.ts'
import { LimitedLog } from './quorum/limited-log.ts'

/** As long as upstream's Netty gives it. */
const HANDSHAKE_TIMEOUT_MS = 10_000

export interface SecureAcceptorOptions {
  readonly endpoint: TlsEndpointSettings
  readonly context: ReloadingContext
  /** Handshakes under way at once (`netty.server.outstandingHandshake.limit`); null = no limit. */
  readonly handshakesMax: number | null
  /** Connections are closed before their handshake while the server does not serve. */
  readonly dropsEarly: boolean
  /** What ACLs of the scheme `x509` know a certificate by. */
  readonly certificateId: (certificate: CertificateFacts) => string | null
  readonly metrics: Metrics
  readonly stats: ServerStats
  readonly isServing: () => boolean
}

/** What becomes of a connection on which TLS is spoken. */
export type Secured = (socket: TLSSocket, certificateId: string | null) => void

/** TLS handshakes of clients, and telling TLS from plain text on a port for both. */
export class SecureAcceptor {
  readonly #options: SecureAcceptorOptions
  readonly #log: LimitedLog
  readonly #revocation: RevocationCheck
  #handshakes = 0

  constructor(options: SecureAcceptorOptions, log: Logger) {
    this.#options = options
    this.#log = new LimitedLog(log)
    this.#revocation = new RevocationCheck(() => options.context.revocationLists, options.endpoint)
  }

  /**
   * Looks at the first byte of a connection. One that says nothing in time is closed.
   *
   * @param plain gets what has been read, during the call in which it came: reading must go on from there at once
   */
  tellApart(raw: Socket, plain: (bytes: Buffer) => void, secured: Secured): void {
    const { handshakeDetectionTimeoutMs } = this.#options.endpoint
    const timer = setTimeout(() => raw.destroy(), handshakeDetectionTimeoutMs)
    raw.once('close', () => clearTimeout(timer))
    raw.once('data', (bytes: Buffer) => {
      clearTimeout(timer)
      if (bytes[0] !== TLS_FIRST_BYTE) return plain(bytes)
      raw.pause()
      raw.unshift(bytes)
      this.accept(raw, secured)
    })
  }

  /** Does the handshake; whoever fails is closed, with a line. */
  accept(raw: Socket, secured: Secured): void {
    const { context, endpoint, handshakesMax, dropsEarly, certificateId, metrics, stats, isServing } = this.#options
    if (dropsEarly && !isServing()) {
      metrics.cnxnClosedWithoutZkServerRunning.add(1)
      raw.destroy()
      return
    }
    if (handshakesMax !== null && this.#handshakes >= handshakesMax) {
      metrics.tlsHandshakeExceeded.add(1)
      this.#log.warn('handshakes', `closing a connection: ${handshakesMax} TLS handshakes are under way already`)
      raw.destroy()
      return
    }
    const { remoteAddress, remotePort } = raw
    this.#count(1)
    beginServerHandshake(
      raw,
      {
        secureContext: context.secure,
        clientAuth: endpoint.clientAuth,
        timeoutMs: HANDSHAKE_TIMEOUT_MS,
        check: this.#isCheckNeeded ? (socket) => this.#check(socket) : undefined
      },
      {
        done: (socket, certificate) => {
          this.#count(-1)
          secured(socket, certificate === null ? null : certificateId(certificate))
        },
        failed: (problem) => {
          this.#count(-1)
          metrics.unsuccessfulHandshake.add(1)
          stats.authFailedCount.add(1)
          // Certificates of strangers may say anything: they are counted together.
          const kind = problem.startsWith('the certificate of ') ? 'certificate' : problem
          this.#log.warn(kind, `refusing the TLS connection of ${remoteAddress}:${remotePort}: ${problem}`)
        }
      }
    )
  }

  /** A plain connection where TLS could have been spoken. */
  notePlain(address: string): void {
    const { stats } = this.#options
    const isLocal = address.startsWith('127.') || address === '0:0:0:0:0:0:0:1'
    if (isLocal) stats.nonMtlsLocalConnectionCount.add(1)
    else stats.nonMtlsRemoteConnectionCount.add(1)
  }

  get #isCheckNeeded(): boolean {
    return this.#isHostChecked || this.#isRevocationChecked
  }

  get #isRevocationChecked(): boolean {
    const { crl, ocsp } = this.#options.endpoint
    return crl || ocsp
  }

  get #isHostChecked(): boolean {
    const { hostnameVerification, clientHostnameVerification } = this.#options.endpoint
    return hostnameVerification && clientHostnameVerification
  }

  async #check(socket: TLSSocket): Promise<string | null> {
    const { allowReverseDnsLookup } = this.#options.endpoint
    if (this.#isHostChecked) {
      const problem = await verifyPeerHost(socket, { hostName: null, allowReverseDnsLookup })
      if (problem !== null) return problem
    }
    return this.#isRevocationChecked ? this.#revocation.problemOf(socket) : null
  }

  #count(change: 1 | -1): void {
    this.#handshakes += change
    this.#options.stats.outstandingTlsHandshakes.add(change)
  }
}

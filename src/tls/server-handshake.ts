import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { type CertificateFacts, certificateFacts } from './certificate.ts'
import type { ClientAuth } from './endpoint-settings.ts'
import { certificateProblemText, handshakeProblemText, printable } from './problem-text.ts'

/** First byte of a connection that speaks TLS: a record of its handshake. No frame and no four-letter word begins so. */
export const TLS_FIRST_BYTE = 0x16

export interface ServerHandshakeOptions {
  readonly secureContext: SecureContext
  readonly clientAuth: ClientAuth
  /** Whoever takes longer is refused; ms. */
  readonly timeoutMs: number
  /** What takes more than the handshake; resolves with what is wrong, or null. Not asked where the client shows no certificate. */
  readonly check?: ((socket: TLSSocket, certificate: CertificateFacts) => Promise<string | null>) | undefined
}

/** What comes of a handshake: exactly one of them is called. */
export interface ServerHandshakeOutcome {
  /** The socket can be read and written. @param certificate what the client has shown; null if nothing */
  done(socket: TLSSocket, certificate: CertificateFacts | null): void
  /** The connection is closed. @param problem one line */
  failed(problem: string): void
}

/**
 * The server's side of a TLS handshake on a connection that has been accepted. What was read from it before goes in front by `unshift`.
 *
 * It does what a server of `node:tls` would do with it; that cannot be given a context of one's own, which loses
 * `allowPartialTrustChain`, and closes connections whose certificate it refuses without telling why.
 */
export function beginServerHandshake(
  raw: Socket,
  { secureContext, clientAuth, timeoutMs, check }: ServerHandshakeOptions,
  outcome: ServerHandshakeOutcome
): void {
  let isOver = false
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext,
    requestCert: clientAuth !== 'none',
    // With it OpenSSL tells a client without a certificate that it needs one. What is wrong with others is looked at below.
    rejectUnauthorized: clientAuth === 'need'
  })
  const timer = setTimeout(() => fail(`no TLS handshake within ${timeoutMs} ms`), timeoutMs)
  socket.on('error', (error) => fail(handshakeProblemText(error)))
  socket.once('close', () => fail('it has gone during the TLS handshake'))
  socket.once('secure', () => {
    const certificate = clientAuth === 'none' ? null : shownCertificate(socket)
    if (certificate === null) return clientAuth === 'need' ? fail('it shows no certificate') : succeed(null)
    const problem = verificationProblem(socket)
    if (problem !== null) return fail(`the certificate of ${certificate.subjectName}: ${problem}`)
    if (check === undefined) return succeed(certificate)
    check(socket, certificate).then(
      (found) =>
        found === null ? succeed(certificate) : fail(`the certificate of ${certificate.subjectName}: ${found}`),
      (error: Error) => fail(`the certificate of ${certificate.subjectName} cannot be checked: ${error.message}`)
    )
  })

  function succeed(certificate: CertificateFacts | null): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    outcome.done(socket, certificate)
  }

  function fail(problem: string): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    socket.destroy()
    outcome.failed(printable(problem))
  }
}

function shownCertificate(socket: TLSSocket): CertificateFacts | null {
  const { raw } = socket.getPeerCertificate()
  return raw === undefined ? null : certificateFacts(raw)
}

/** What OpenSSL found wrong with the certificate; a server of `node:tls` asks for it in the same way, which is not public. */
function verificationProblem(socket: TLSSocket): string | null {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (!hasVerifyError(handle)) return 'it cannot be verified with this version of Node.js'
  const error = handle.verifyError()
  return error === null || error === undefined ? null : certificateProblemText(error)
}

function hasVerifyError(handle: unknown): handle is { verifyError(): (Error & { code?: string }) | null | undefined } {
  return (
    typeof handle === 'object' && handle !== null && 'verifyError' in handle && typeof handle.verifyError === 'function'
  )
}

import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { TlsEndpointSettings } from './endpoint-settings.ts'
import { verifyPeerHost } from './host-verification.ts'
import { certificateProblemText, printable } from './problem-text.ts'
import type { ReloadingContext } from './reloading-context.ts'
import { RevocationCheck, type StaplingOptions } from './revocation-check.ts'

/** The server's certificate is not good; the message is one line that says which and why. */
export class CertificateRefusedError extends Error {
  override readonly name = 'CertificateRefusedError'
}

/**
 * Connects to a server over TLS, with what the files of its stores hold now. Before `onOpen` is called the server's certificate has been
 * verified, and its host where the settings want that; else the socket is destroyed with an error of one line.
 */
export function connectSecurely(
  { host, port }: { readonly host: string; readonly port: number },
  { hostnameVerification, allowReverseDnsLookup, crl, ocsp }: TlsEndpointSettings,
  context: ReloadingContext,
  onOpen: () => void
): Socket {
  const names = isIP(host) === 0 ? { servername: host } : {} // a server name must not be an address
  const revocation = crl || ocsp ? new RevocationCheck(() => context.revocationLists, { ocsp }) : null
  const options: StaplingOptions = {
    ...names,
    requestOCSP: ocsp,
    host,
    port,
    secureContext: context.secure,
    // What is wrong is told below, in words.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined
  }
  const socket: TLSSocket = connect(options)
  revocation?.takeStapled(socket)
  socket.setNoDelay(true)
  const refuse = (problem: string): void => {
    socket.destroy(new CertificateRefusedError(`the certificate of ${host}:${port} is refused: ${printable(problem)}`))
  }
  socket.once('secureConnect', () => {
    if (!socket.authorized) return refuse(certificateProblemText(authorizationErrorOf(socket)))
    if (!hostnameVerification && revocation === null) return onOpen()
    check().then(
      (problem) => {
        if (socket.destroyed) return
        if (problem === null) onOpen()
        else refuse(problem)
      },
      (error: Error) => refuse(error.message)
    )
  })
  return socket

  async function check(): Promise<string | null> {
    if (hostnameVerification) {
      const problem = await verifyPeerHost(socket, { hostName: host, allowReverseDnsLookup })
      if (problem !== null) return problem
    }
    return revocation === null ? null : revocation.problemOf(socket)
  }
}

/** Declared as an error, it is the code of one where Node.js verified by itself. */
function authorizationErrorOf({ authorizationError }: TLSSocket): { readonly code: string; readonly message: string } {
  const code = String(authorizationError)
  return { code, message: code }
}

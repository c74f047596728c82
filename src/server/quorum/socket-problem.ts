import { certificateProblemText, handshakeProblemText } from '../../tls/problem-text.ts'

/** OpenSSL's codes of what may be wrong with a certificate. */
const CERTIFICATE_CODES = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_PURPOSE)/
const TLS_CODES = /^(ERR_SSL_|EPROTO)/

/** Why a connection with another server failed, in words for an operator: what OpenSSL says is not meant for one. */
export function socketProblem(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (CERTIFICATE_CODES.test(code)) return `its certificate: ${certificateProblemText(error)}`
  return TLS_CODES.test(code) ? handshakeProblemText(error) : error.message
}

/** OpenSSL's codes of what may be wrong with a certificate, for operators. */
const CERTIFICATE_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'it has expired'],
  ['CERT_NOT_YET_VALID', 'it is not valid yet'],
  ['CERT_REVOKED', 'it is revoked'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'it has signed itself, and is not in the trust store'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'who has signed it is not in the trust store'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'who has signed it is not in the trust store'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'who has signed it is not in the trust store'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'who has signed it is not in the trust store'],
  ['INVALID_PURPOSE', 'it is not made for this use'],
  ['CERT_SIGNATURE_FAILURE', 'its signature is wrong']
])

/** What OpenSSL holds to be too weak, as it says so. It has no code for Node.js. */
const WEAKNESSES: readonly (readonly [RegExp, string])[] = [
  [/\b(md|digest algorithm) too weak/, 'it is signed by means of a hash that is too weak, such as SHA-1'],
  [/\bkey too (small|weak)/, 'a key is too short']
]

/** What a handshake fails by most often. */
const HANDSHAKE_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['ECONNRESET', 'it has gone during the TLS handshake'],
  ['EPIPE', 'it has gone during the TLS handshake'],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'it shows no certificate'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'it speaks no version of TLS that is enabled'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'it knows no cipher suite that is enabled'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS'],
  ['ERR_SSL_HTTP_REQUEST', 'it does not speak TLS'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'it needs a certificate'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'it does not trust the certificate that it was shown'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'it does not take the certificate that it was shown'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'it does not take the certificate that it was shown'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'it says that the certificate that it was shown has expired']
])

/** One line on what verification has found. */
export function certificateProblemText({ code = '', message }: { code?: string; message: string }): string {
  return CERTIFICATE_PROBLEMS.get(code) ?? weaknessIn(message) ?? oneLine(code, message)
}

/** One line on why OpenSSL does not take a certificate or a key that this side would show. */
export function storeProblemText({ message }: Error): string {
  return weaknessIn(message) ?? oneLine('', message)
}

function weaknessIn(message: string): string | undefined {
  return WEAKNESSES.find(([pattern]) => pattern.test(message))?.[1]
}

/** One line on why a handshake failed, or a connection broke. */
export function handshakeProblemText(error: Error & { code?: string | undefined }): string {
  const { code = '', message } = error
  return HANDSHAKE_PROBLEMS.get(code) ?? CERTIFICATE_PROBLEMS.get(code) ?? oneLine(code, message)
}

const LENGTH_MAX = 500

/** What a stranger has put into a certificate, made fit for one line of a log. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, LENGTH_MAX)
}

/** OpenSSL's own messages have numbers and places in its source, and a line break. */
function oneLine(code: string, message: string): string {
  const known = /:error:[^:]*:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1] ?? message
  const text = known.replace(/\s+/g, ' ').trim()
  return code === '' ? text : `${text} (${code})`
}

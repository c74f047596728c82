/** What OpenSSL calls what a peer did, where its own words do not say it. */
const TLS_PROBLEMS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other side does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the other side does not speak TLS',
  ERR_SSL_HTTP_REQUEST: 'the other side does not speak TLS, but HTTP',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the other side has no TLS version in common with this one',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the other side has no TLS version in common with this one',
  ERR_SSL_NO_SHARED_CIPHER: 'the other side has no cipher suite in common with this one',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'the other side refuses what this one offers for TLS',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the other side refuses this server's certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the other side refuses this server's certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the other side refuses this server's certificate: it has expired",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: "the other side refuses this server's certificate: it is revoked",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the other side does not know the authority of this server's certificate",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the other side asks for a certificate, and there is none to show',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the other side shows no certificate',
  CERT_HAS_EXPIRED: 'the certificate of the other side has expired',
  CERT_NOT_YET_VALID: 'the certificate of the other side is not valid yet',
  CERT_REVOKED: 'the certificate of the other side is revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the other side is signed by nobody that is trusted here',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the other side is signed by nobody that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate of the other side is signed by nobody that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of the other side is signed by nobody that is trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the other side is signed by nobody that is trusted here'
}

/** Why a connection with another server failed, in words for an operator: what OpenSSL says is not meant for one. */
export function socketProblem(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = TLS_PROBLEMS[code]
  if (known !== undefined) return known
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : null
  if (reason !== null && /^(ERR_SSL_|EPROTO)/.test(code)) return `TLS: ${reason}`
  return error.message
}

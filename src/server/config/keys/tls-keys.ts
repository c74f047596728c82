import { javaPattern } from '../../../tls/java-pattern.ts'
import { type ConfigKey, fileKey, propertyKey } from '../config-key.ts'
import {
  INVALID,
  javaInteger,
  list,
  offBelow,
  oneOf,
  optionalText,
  trueOrFalse,
  type ValueType
} from '../value-type.ts'

type StoreType = 'JKS' | 'PEM' | 'PKCS12' | 'BCFKS'

const storeType: ValueType<StoreType> = oneOf({ JKS: 'JKS', PEM: 'PEM', PKCS12: 'PKCS12', BCFKS: 'BCFKS' })

const protocolNames: ValueType<readonly string[]> = {
  allowed: 'a list of TLSv1.3, TLSv1.2, TLSv1.1 and TLSv1 with commas between',
  parse(value, note) {
    const names = list.parse(value, note)
    return names !== INVALID && names.length > 0 && names.every((name) => /^TLSv1(\.[123])?$/.test(name))
      ? names
      : INVALID
  }
}

const regularExpression: ValueType<RegExp> = {
  allowed: 'a regular expression',
  parse(value) {
    try {
      return javaPattern(value)
    } catch {
      return INVALID
    }
  }
}

function textKey(prefix: string, name: string, about: string, unit = ''): ConfigKey<string | null> {
  return propertyKey<string | null>('must', `${prefix}.${name}`, optionalText, null, about, { unit })
}

function endpointKeys(prefix: 'ssl' | 'ssl.quorum', clientHostnameVerification: boolean) {
  const to = prefix === 'ssl' ? 'clients' : 'servers'
  return {
    keyStoreLocation: textKey(prefix, 'keyStore.location', `certificate and key shown to ${to}`, 'path'),
    keyStorePassword: textKey(prefix, 'keyStore.password', 'its password'),
    keyStorePasswordPath: textKey(prefix, 'keyStore.passwordPath', 'file with its password; wins', 'path'),
    keyStoreType: propertyKey<StoreType | null>('must', `${prefix}.keyStore.type`, storeType, null, 'its format', {
      defaultText: 'by file name'
    }),
    trustStoreLocation: textKey(prefix, 'trustStore.location', `authorities that ${to} are checked with`, 'path'),
    trustStorePassword: textKey(prefix, 'trustStore.password', 'its password'),
    trustStorePasswordPath: textKey(prefix, 'trustStore.passwordPath', 'file with its password; wins', 'path'),
    trustStoreType: propertyKey<StoreType | null>('must', `${prefix}.trustStore.type`, storeType, null, 'its format', {
      defaultText: 'by file name'
    }),
    protocol: textKey(prefix, 'protocol', 'protocol of the context'),
    enabledProtocols: propertyKey<readonly string[] | null>(
      'must',
      `${prefix}.enabledProtocols`,
      protocolNames,
      null,
      'protocol versions',
      { defaultText: 'TLSv1.3,TLSv1.2' }
    ),
    cipherSuites: propertyKey<readonly string[] | null>(
      'must',
      `${prefix}.ciphersuites`,
      list,
      null,
      "Java's names of cipher suites"
    ),
    hostnameVerification: propertyKey(
      'must',
      `${prefix}.hostnameVerification`,
      trueOrFalse,
      true,
      'checks the name of a server'
    ),
    clientHostnameVerification: propertyKey(
      'must',
      `${prefix}.clientHostnameVerification`,
      trueOrFalse,
      clientHostnameVerification,
      'checks the name of a client'
    ),
    allowReverseDnsLookup: propertyKey(
      'should',
      `${prefix}.allowReverseDnsLookup`,
      trueOrFalse,
      false,
      'reverse look-up in these checks'
    ),
    crl: propertyKey('should', `${prefix}.crl`, trueOrFalse, false, 'checks revocation lists'),
    ocsp: propertyKey('should', `${prefix}.ocsp`, trueOrFalse, false, 'checks revocation by OCSP'),
    clientAuth: propertyKey<'none' | 'want' | 'need'>(
      'must',
      `${prefix}.clientAuth`,
      oneOf({ none: 'none', want: 'want', need: 'need' }),
      'need',
      'client certificates'
    ),
    handshakeDetectionTimeout: propertyKey(
      'should',
      `${prefix}.handshakeDetectionTimeoutMillis`,
      javaInteger({ min: 1 }),
      5000,
      'time to tell TLS from plain text on a shared port',
      { unit: 'ms' }
    )
  }
}

export const clientTlsKeys = endpointKeys('ssl', false)
export const quorumTlsKeys = endpointKeys('ssl.quorum', true)

const METRICS = 'metricsProvider.ssl'

/** Of the exporter's HTTPS port, as upstream 3.10 has them. */
export const metricsTlsKeys = {
  keyStoreLocation: metricsKey(`${METRICS}.keyStore.location`, optionalText, null, 'certificate and key', 'path'),
  keyStorePassword: metricsKey(`${METRICS}.keyStore.password`, optionalText, null, 'its password'),
  keyStoreType: metricsKey<StoreType | null>(`${METRICS}.keyStore.type`, storeType, null, 'its format'),
  trustStoreLocation: metricsKey(`${METRICS}.trustStore.location`, optionalText, null, 'whom it trusts', 'path'),
  trustStorePassword: metricsKey(`${METRICS}.trustStore.password`, optionalText, null, 'its password'),
  trustStoreType: metricsKey<StoreType | null>(`${METRICS}.trustStore.type`, storeType, null, 'its format'),
  needClientAuth: metricsKey(`${METRICS}.need.client.auth`, trueOrFalse, true, 'client certificates are required'),
  wantClientAuth: metricsKey(`${METRICS}.want.client.auth`, trueOrFalse, true, 'client certificates are asked for'),
  enabledProtocols: metricsKey<readonly string[] | null>(
    `${METRICS}.enabledProtocols`,
    protocolNames,
    null,
    'protocol versions'
  ),
  cipherSuites: metricsKey<readonly string[] | null>(
    `${METRICS}.ciphersuites`,
    list,
    null,
    "Java's names of cipher suites"
  )
}

function metricsKey<T>(name: string, type: ValueType<T>, defaultValue: T, about: string, unit = ''): ConfigKey<T> {
  return fileKey<T>('should', name, type, defaultValue, about, { unit })
}

export const tlsKeys = {
  sslQuorum: fileKey('must', 'sslQuorum', trueOrFalse, false, 'TLS between servers'),
  portUnification: fileKey('must', 'portUnification', trueOrFalse, false, 'servers accept TLS and plain text'),
  sslQuorumReloadCertFiles: fileKey(
    'must',
    'sslQuorumReloadCertFiles',
    trueOrFalse,
    false,
    "reloads servers' certificates"
  ),
  clientCertReload: propertyKey(
    'must',
    'client.certReload',
    trueOrFalse,
    true,
    "reloads the client port's certificates when their files change (upstream: off)"
  ),
  clientPortUnification: propertyKey(
    'must',
    'client.portUnification',
    trueOrFalse,
    false,
    'TLS and plain text on clientPort'
  ),
  certificateIdType: propertyKey<'subject' | 'san'>(
    'should',
    'ssl.x509.clientCertIdType',
    oneOf({ SUBJECT: 'subject', SAN: 'san' }),
    'subject',
    "what of a client's certificate is its x509 id: its subject, or an alternative name",
    { defaultText: 'SUBJECT' }
  ),
  certificateIdMatchKind: propertyKey(
    'should',
    'ssl.x509.clientCertIdSanMatchType',
    javaInteger({ min: 0, max: 8 }),
    6,
    'kind of that name: 1 mail, 2 DNS, 4 directory, 6 URI, 7 address, 8 registered id'
  ),
  certificateIdMatch: propertyKey(
    'should',
    'ssl.x509.clientCertIdSanMatchRegex',
    regularExpression,
    /.*/u,
    'which one name of that kind has to match',
    { defaultText: '.*' }
  ),
  certificateIdExtract: propertyKey(
    'should',
    'ssl.x509.clientCertIdSanExtractRegex',
    regularExpression,
    /.*/u,
    'what of that name is the id',
    { defaultText: '.*' }
  ),
  certificateIdExtractGroup: propertyKey(
    'should',
    'ssl.x509.clientCertIdSanExtractMatcherGroupIndex',
    javaInteger({ min: 0 }),
    0,
    'group of that expression'
  ),
  outstandingHandshakeLimit: propertyKey<number | null>(
    'should',
    'netty.server.outstandingHandshake.limit',
    offBelow(1, javaInteger()),
    null,
    'TLS handshakes at once',
    { defaultText: '-1 (off)' }
  ),
  earlyDropSecureHandshakes: propertyKey(
    'should',
    'netty.server.earlyDropSecureConnectionHandshakes',
    trueOrFalse,
    false,
    'drops TLS connections while starting'
  )
}

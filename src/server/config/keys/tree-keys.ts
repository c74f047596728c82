import { propertyKey } from '../config-key.ts'
import {
  INVALID,
  javaInteger,
  javaLong,
  list,
  offBelow,
  optionalText,
  text,
  trueOrFalse,
  type ValueType,
  yesOrNo
} from '../value-type.ts'

/** Nodes. */
export const treeKeys = {
  digestEnabled: propertyKey(
    'must',
    'digest.enabled',
    trueOrFalse,
    true,
    'digest of the tree in transactions and snapshots'
  ),
  extendedTypesEnabled: propertyKey('must', 'extendedTypesEnabled', trueOrFalse, false, 'TTL nodes; myid up to 254'),
  enforceQuota: propertyKey('must', 'enforceQuota', trueOrFalse, false, 'hard quotas refuse writes'),
  containerCheckInterval: propertyKey(
    'must',
    'znode.container.checkIntervalMs',
    javaInteger({ min: 1 }),
    60_000,
    'time between looks for empty containers and overdue TTL nodes',
    { unit: 'ms', property: 'znode.container.checkIntervalMs' }
  ),
  containerMaxPerMinute: propertyKey(
    'must',
    'znode.container.maxPerMinute',
    javaInteger({ min: 1 }),
    10_000,
    'containers and TTL nodes deleted a minute',
    { unit: 'deletes', property: 'znode.container.maxPerMinute' }
  ),
  containerMaxNeverUsedInterval: propertyKey(
    'must',
    'znode.container.maxNeverUsedIntervalMs',
    javaLong({ min: 0 }),
    0,
    'containers that never had a child are deleted after this; 0 = never',
    { unit: 'ms', property: 'znode.container.maxNeverUsedIntervalMs' }
  )
}

/** Java's names of hashes, and OpenSSL's. */
const DIGEST_ALGORITHMS: Readonly<Record<string, string>> = {
  md5: 'md5',
  sha: 'sha1',
  sha1: 'sha1',
  'sha-1': 'sha1',
  sha224: 'sha224',
  'sha-224': 'sha224',
  sha256: 'sha256',
  'sha-256': 'sha256',
  sha384: 'sha384',
  'sha-384': 'sha384',
  sha512: 'sha512',
  'sha-512': 'sha512',
  'sha-512/224': 'sha512-224',
  'sha-512/256': 'sha512-256',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512'
}

const digestAlgorithm: ValueType<string> = {
  allowed: `one of ${Object.keys(DIGEST_ALGORITHMS).join(', ')}`,
  parse: (name) => DIGEST_ALGORITHMS[name.toLowerCase()] ?? INVALID
}

/** Authentication and authorization. */
export const authKeys = {
  skipAcl: propertyKey('must', 'skipACL', yesOrNo, false, 'no ACL is checked', { defaultText: 'no' }),
  enableEagerAclCheck: propertyKey(
    'should',
    'enableEagerACLCheck',
    trueOrFalse,
    false,
    'ACL check before the leader sees a write; no effect on a standalone server'
  ),
  digestAuthEnabled: propertyKey('must', 'DigestAuthenticationProvider.enabled', trueOrFalse, true, 'scheme digest'),
  superDigest: propertyKey<string | null>(
    'must',
    'DigestAuthenticationProvider.superDigest',
    optionalText,
    null,
    'super:base64(hash(super:password)) of the super user'
  ),
  digestAlg: propertyKey(
    'must',
    'DigestAuthenticationProvider.digestAlg',
    digestAlgorithm,
    'sha1',
    'hash of scheme digest',
    {
      defaultText: 'SHA1'
    }
  ),
  ipUseXForwardedFor: propertyKey(
    'should',
    'IPAuthenticationProvider.usexforwardedfor',
    trueOrFalse,
    false,
    'client address of the admin server from X-Forwarded-For'
  ),
  x509SuperUser: propertyKey<string | null>(
    'must',
    'X509AuthenticationProvider.superUser',
    optionalText,
    null,
    'X.500 name of the TLS super user'
  ),
  sslAuthProvider: propertyKey('should', 'ssl.authProvider', text, 'x509', 'scheme of TLS clients'),
  superUser: propertyKey<string | null>(
    'should',
    'superUser',
    optionalText,
    null,
    'SASL name of the super user; also superUser.N'
  ),
  superPassword: propertyKey<string | null>(
    'should',
    'SASLAuthenticationProvider.superPassword',
    optionalText,
    null,
    'password of the DIGEST-MD5 super user'
  ),
  allowSaslFailedClients: propertyKey(
    'should',
    'allowSaslFailedClients',
    trueOrFalse,
    false,
    'keeps a connection whose SASL exchange failed'
  ),
  sessionRequireClientSaslAuth: propertyKey(
    'must',
    'sessionRequireClientSASLAuth',
    trueOrFalse,
    false,
    'SASL is required'
  ),
  enforceAuthEnabled: propertyKey('must', 'enforce.auth.enabled', trueOrFalse, false, 'authentication is required'),
  enforceAuthSchemes: propertyKey<readonly string[]>(
    'must',
    'enforce.auth.schemes',
    list,
    [],
    'schemes that enforce.auth.enabled accepts',
    { defaultText: 'none' }
  ),
  ensembleAuthName: propertyKey<readonly string[] | null>(
    'should',
    'ensembleAuthName',
    list,
    null,
    'names of scheme ensemble'
  ),
  saslMechanisms: propertyKey<readonly string[]>(
    'should',
    'sasl.mechanisms',
    list,
    ['DIGEST-MD5', 'SCRAM-SHA-256', 'GSSAPI'],
    'mechanisms that clients may use, if the JAAS section has their users; not in upstream',
    { defaultText: 'DIGEST-MD5,SCRAM-SHA-256,GSSAPI' }
  ),
  saslServerConfig: propertyKey('should', 'sasl.serverconfig', text, 'Server', 'section of the JAAS file for clients'),
  jaasFile: propertyKey<string | null>('should', 'java.security.auth.login.config', optionalText, null, 'JAAS file', {
    unit: 'path',
    property: 'java.security.auth.login.config'
  }),
  kerberosRemoveHost: propertyKey(
    'should',
    'kerberos.removeHostFromPrincipal',
    trueOrFalse,
    false,
    'principals without their host'
  ),
  kerberosRemoveRealm: propertyKey(
    'should',
    'kerberos.removeRealmFromPrincipal',
    trueOrFalse,
    false,
    'principals without their realm'
  ),
  fipsMode: propertyKey('must', 'fips-mode', trueOrFalse, true, 'if given as true: no DIGEST-MD5 for clients', {
    defaultText: 'true, but DIGEST-MD5 is on unless it is given'
  })
}

/** Off in tests of upstream only; kept apart because it is not for operators. */
export const testingKeys = {
  initialZxid: propertyKey<number | null>(
    'should',
    'testingonly.initialZxid',
    offBelow(0, javaLong({ max: 0xffffffff })),
    null,
    'counter after which the zxids of an epoch begin, to test their end'
  )
}

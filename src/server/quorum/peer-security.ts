import { JaasError } from '../../sasl/jaas/jaas-error.ts'
import { TlsConfigError } from '../../tls/tls-config-error.ts'
import { ConfigError } from '../config/config-error.ts'
import type { ServerSettings } from '../config/settings.ts'
import type { Logger } from '../logging/logger.ts'
import { LimitedLog } from './limited-log.ts'
import type { PeerTransport } from './peer-transport.ts'
import { QuorumTls } from './quorum-tls.ts'
import { jaasAuthentication } from './sasl/jaas-authentication.ts'
import type { PeerAuthentication } from './sasl/peer-authentication.ts'
import { tlsTransport } from './tls-transport.ts'

/** How the connections between servers are protected: the same on the election port and on the quorum port. */
export interface PeerSecurity {
  readonly transport: PeerTransport
  /** Null: servers need not prove who they are beyond what TLS asks of them. */
  readonly authentication: PeerAuthentication | null
  close(): void
}

/**
 * @param memberHosts hosts of the ensemble's members, as they are configured now
 * @throws ConfigError where stores, or the JAAS file, cannot be used
 */
export function openPeerSecurity(
  settings: ServerSettings,
  memberHosts: () => readonly string[],
  log: Logger
): PeerSecurity {
  const { quorumEnabled, quorumPortUnification, quorumReloadCertFiles, quorum } = settings.tls
  try {
    const authentication = authenticationOf(settings, memberHosts)
    const isTlsTaken = quorumEnabled || quorumPortUnification
    const tls = isTlsTaken ? new QuorumTls(quorum, quorumReloadCertFiles, memberHosts, log.child('quorum TLS')) : null
    const transport = tlsTransport(
      {
        tls,
        isTlsSpoken: quorumEnabled,
        isPlainTaken: quorumPortUnification || !quorumEnabled,
        timeoutMs: quorum.handshakeDetectionTimeoutMs
      },
      new LimitedLog(log.child('quorum TLS'))
    )
    return { transport, authentication, close: () => tls?.close() }
  } catch (error) {
    if (error instanceof TlsConfigError || error instanceof JaasError) {
      throw new ConfigError(error.message, null, null, { cause: error })
    }
    throw error
  }
}

function authenticationOf(
  { quorum, acl, source }: ServerSettings,
  memberHosts: () => readonly string[]
): PeerAuthentication | null {
  if (!quorum.saslEnabled) return null
  return jaasAuthentication(
    {
      jaasFile: acl.jaasFile,
      learnerSection: quorum.saslLearnerSection,
      serverSection: quorum.saslServerSection,
      isLearnerRequired: quorum.saslLearnerRequired,
      isServerRequired: quorum.saslServerRequired,
      // compat: 3.9.5's servers take DIGEST-MD5 in the FIPS mode that is on by default; only its learners offer none then.
      isFipsMode: acl.fipsMode && source.properties.has('zookeeper.fips-mode'),
      servicePrincipal: quorum.saslServicePrincipal
    },
    source.properties,
    memberHosts
  )
}

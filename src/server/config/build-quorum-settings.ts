import { ConfigError } from './config-error.ts'
import { keyTables } from './keys/all-keys.ts'
import { isStandalone } from './membership.ts'
import type { EnsembleMember, QuorumSettings } from './settings.ts'
import { configOrigin, fail, type SettingsParts } from './settings-parts.ts'

/**
 * The settings of an ensemble, checked as a whole.
 *
 * @param own  this server's own line, if there is one
 * @throws ConfigError
 */
export function quorumSettings(parts: SettingsParts, own: EnsembleMember | null): QuorumSettings {
  const { quorum, testing } = parts.values
  const { members, groups, weights, version } = parts.membership
  checkQuorumSasl(parts)
  const standalone = isStandalone(members, quorum.standaloneEnabled)
  if (!standalone) checkEnsembleMember(parts, own)
  return {
    serverId: parts.myid ?? own?.id ?? 0,
    members,
    groups,
    weights,
    configVersion: version,
    standalone,
    standaloneEnabled: quorum.standaloneEnabled,
    reconfigEnabled: quorum.reconfigEnabled,
    dynamicConfigFile: parts.dynamicConfigFile,
    peerType: memberRole(parts, own),
    initLimitTicks: quorum.initLimit,
    syncLimitTicks: quorum.syncLimit,
    connectToLearnerMasterLimitTicks: quorum.connectToLearnerMasterLimit,
    electionAlg: quorum.electionAlg,
    quorumListenOnAllIps: quorum.quorumListenOnAllIPs,
    observerMasterPort: quorum.observerMasterPort,
    observerMasterSizeLimitBytes: quorum.observerMasterSizeLimit,
    oraclePath: quorum.oraclePath,
    observerSyncEnabled: quorum.syncEnabled,
    leaderServes: quorum.leaderServes,
    leaderMaxTimeToWaitForEpochMs: quorum.leaderMaxTimeToWaitForEpoch,
    cnxTimeoutMs: quorum.cnxTimeout,
    quorumCnxnTimeoutMs: quorum.quorumCnxnTimeoutMs,
    electionPortBindRetry: quorum.electionPortBindRetry,
    minNotificationIntervalMs: quorum.minNotificationInterval,
    maxNotificationIntervalMs: quorum.maxNotificationInterval,
    observerReconnectDelayMs: quorum.observerReconnectDelay,
    observerElectionDelayMs: quorum.observerElectionDelay,
    maxConcurrentSnapSyncs: quorum.maxConcurrentSnapSyncs,
    maxConcurrentDiffSyncs: quorum.maxConcurrentDiffSyncs,
    leaderConnectDelayDuringRetryMs: quorum.leaderConnectDelay,
    forceSnapshotSync: quorum.forceSnapshotSync,
    tcpKeepAlive: quorum.tcpKeepAlive,
    leaderNoDelay: quorum.leaderNoDelay,
    followerNoDelay: quorum.followerNoDelay,
    multiAddressEnabled: quorum.multiAddressEnabled,
    multiAddressReachabilityCheckEnabled: quorum.multiAddressCheckEnabled,
    multiAddressReachabilityCheckTimeoutMs: quorum.multiAddressCheckTimeout,
    readOnlyModeEnabled: quorum.readOnlyModeEnabled,
    messageTrackerEnabled: quorum.messageTrackerEnabled,
    messageTrackerBufferSize: quorum.messageTrackerBufferSize,
    initialZxid: testing.initialZxid,
    commitProcessorMaxReadBatchSize: quorum.commitMaxReadBatchSize,
    commitProcessorMaxCommitBatchSize: quorum.commitMaxCommitBatchSize,
    saslEnabled: quorum.quorumSaslEnabled,
    saslLearnerRequired: quorum.quorumSaslLearnerRequired,
    saslServerRequired: quorum.quorumSaslServerRequired,
    saslLearnerSection: quorum.quorumSaslLearnerSection,
    saslServerSection: quorum.quorumSaslServerSection,
    saslServicePrincipal: quorum.quorumSaslServicePrincipal
  }
}

function checkQuorumSasl(parts: SettingsParts): void {
  const { quorumSaslEnabled, quorumSaslLearnerRequired, quorumSaslServerRequired } = parts.values.quorum
  const { quorum } = keyTables
  if (!quorumSaslEnabled && quorumSaslServerRequired) {
    fail(parts, quorum.quorumSaslServerRequired, 'needs quorum.auth.enableSasl=true')
  }
  if (!quorumSaslEnabled && quorumSaslLearnerRequired) {
    fail(parts, quorum.quorumSaslLearnerRequired, 'needs quorum.auth.enableSasl=true')
  }
  if (!quorumSaslLearnerRequired && quorumSaslServerRequired) {
    fail(parts, quorum.quorumSaslServerRequired, 'needs quorum.auth.learnerRequireSasl=true')
  }
}

function checkEnsembleMember(parts: SettingsParts, own: EnsembleMember | null): void {
  const { initLimit, syncLimit } = parts.values.quorum
  const origin = configOrigin(parts)
  if (initLimit === null) throw new ConfigError('initLimit is not set, an ensemble needs it', origin, 'initLimit')
  if (syncLimit === null) throw new ConfigError('syncLimit is not set, an ensemble needs it', origin, 'syncLimit')
  if (parts.myid === null) {
    const { dataDir } = parts.values.storage
    throw new ConfigError(`the file ${dataDir}/myid is missing; it must hold this server's N of server.N`, null, 'myid')
  }
  if (own === null)
    throw new ConfigError(`myid is ${parts.myid}, but there is no line server.${parts.myid}`, origin, 'myid')
}

function memberRole(parts: SettingsParts, own: EnsembleMember | null): 'participant' | 'observer' {
  const { peerType } = parts.values.quorum
  if (own === null || own.role === peerType) return peerType
  const message = `peerType is ${peerType}, but server.${own.id} is ${own.role}: the server line counts`
  parts.given.notices.push({ level: 'warn', message })
  return own.role
}

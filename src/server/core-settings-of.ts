import type { CoreSettings } from '../core/pipeline/core-settings.ts'
import { TXN_BATCH_COUNT_MAX } from '../storage/storage.ts'
import type { ServerSettings } from './config/settings.ts'

/**
 * What the core is told of the configuration.
 *
 * @param auditUser who the server is in the audit log; null: there is none
 */
export function coreSettingsOf(settings: ServerSettings, auditUser: string | null): CoreSettings {
  const { client, flow, session, storage, tree, acl, quorum } = settings
  const schemes = acl.sessionRequireClientSaslAuth ? ['sasl'] : acl.enforceAuthSchemes
  const hasLocalSessions = session.localEnabled && !quorum.standalone
  return {
    // compat: a standalone server has no id, and its session ids begin with 1.
    serverId: quorum.standalone ? 1 : quorum.serverId,
    tickTimeMs: session.tickTimeMs,
    localSessionsEnabled: hasLocalSessions,
    localSessionsUpgradingEnabled: session.localUpgradingEnabled,
    minSessionTimeoutMs: session.minTimeoutMs,
    maxSessionTimeoutMs: session.maxTimeoutMs,
    juteMaxBufferBytes: client.juteMaxBufferBytes,
    juteExtraSizeBytes: client.juteExtraSizeBytes,
    globalOutstandingLimit: flow.globalOutstandingLimit,
    requestThrottleMax: flow.requestThrottleMax,
    requestThrottleStallMs: flow.requestThrottleStallMs,
    requestThrottleDropStale: flow.requestThrottleDropStale,
    requestStaleLatencyCheck: flow.requestStaleLatencyCheck,
    requestStaleConnectionCheck: flow.requestStaleConnectionCheck,
    throttledOpWaitTimeMs: flow.throttledOpWaitTimeMs ?? 0,
    largeRequestThresholdBytes: flow.largeRequestThresholdBytes ?? 0,
    largeRequestMaxBytes: flow.largeRequestMaxBytes,
    connectionThrottle: {
      tokensMax: flow.connectionMaxTokens,
      fillTimeMs: flow.connectionTokenFillTimeMs,
      fillCount: flow.connectionTokenFillCount,
      weightEnabled: flow.connectionWeightEnabled,
      // Where sessions are local, that is what a new connection opens.
      globalSessionWeight: hasLocalSessions ? flow.connectionLocalSessionWeight : flow.connectionGlobalSessionWeight,
      renewSessionWeight: flow.connectionRenewSessionWeight
    },
    wrongPasswordClosesOwner: session.wrongPasswordClosesOwner,
    prefixLimits: flow.prefixLimits,
    extendedTypesEnabled: tree.extendedTypesEnabled,
    enforceQuota: tree.enforceQuota,
    digestEnabled: tree.digestEnabled,
    closeSessionTxnEnabled: session.closeSessionTxnEnabled,
    reconfigEnabled: quorum.reconfigEnabled,
    enforceAuthEnabled: acl.enforceAuthEnabled || acl.sessionRequireClientSaslAuth,
    enforceAuthSchemes: schemes,
    maxBatchSize: Math.min(storage.maxBatchSize, TXN_BATCH_COUNT_MAX),
    flushDelayMs: storage.flushDelayMs,
    maxWriteQueuePollTimeMs: storage.maxWriteQueuePollTimeMs,
    snapCount: storage.snapCount,
    snapSizeLimitBytes: (storage.snapSizeLimitKb ?? 0) * 1024,
    containerCheckIntervalMs: tree.containerCheckIntervalMs,
    containerMaxPerMinute: tree.containerMaxPerMinute,
    containerMaxNeverUsedIntervalMs: tree.containerMaxNeverUsedIntervalMs,
    audit: auditUser === null ? null : { serverUser: auditUser }
  }
}

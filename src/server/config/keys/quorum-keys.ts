import { fileKey, propertyKey } from '../config-key.ts'
import {
  decimalInteger,
  INVALID,
  javaInteger,
  javaLong,
  offBelow,
  oneOf,
  text,
  trueOrFalse,
  type ValueType,
  yesOrNo,
  zeroIfNegative
} from '../value-type.ts'

const onlyThree: ValueType<3> = {
  allowed: '3, the only election algorithm there is',
  parse: (value) => (value === '3' ? 3 : INVALID)
}

/** Membership, election, and what goes on between servers. */
export const quorumKeys = {
  dynamicConfigFile: fileKey<string | null>(
    'must',
    'dynamicConfigFile',
    text,
    null,
    'file with server, group, weight lines',
    {
      unit: 'path'
    }
  ),
  peerType: fileKey<'participant' | 'observer'>(
    'must',
    'peerType',
    oneOf({ participant: 'participant', observer: 'observer' }),
    'participant',
    'role of this server; the server line wins'
  ),
  initLimit: fileKey<number | null>(
    'must',
    'initLimit',
    decimalInteger({ min: 1 }),
    null,
    'time to connect and sync to a leader',
    {
      unit: 'ticks',
      defaultText: 'required in an ensemble'
    }
  ),
  syncLimit: fileKey<number | null>(
    'must',
    'syncLimit',
    decimalInteger({ min: 1 }),
    null,
    'lag before a peer is dropped',
    {
      unit: 'ticks',
      defaultText: 'required in an ensemble'
    }
  ),
  connectToLearnerMasterLimit: fileKey(
    'should',
    'connectToLearnerMasterLimit',
    decimalInteger({ min: 0 }),
    0,
    'time to connect to a leader; 0 = initLimit',
    { unit: 'ticks' }
  ),
  electionAlg: fileKey<3>('must', 'electionAlg', onlyThree, 3, 'any other value is refused'),
  standaloneEnabled: fileKey(
    'must',
    'standaloneEnabled',
    trueOrFalse,
    true,
    'one participant runs without quorum code'
  ),
  reconfigEnabled: fileKey('must', 'reconfigEnabled', trueOrFalse, false, 'reconfig requests are allowed'),
  quorumListenOnAllIPs: fileKey(
    'must',
    'quorumListenOnAllIPs',
    trueOrFalse,
    false,
    'quorum and election ports on all addresses'
  ),
  observerMasterPort: fileKey(
    'should',
    'observerMasterPort',
    zeroIfNegative(decimalInteger({ max: 65535 })),
    0,
    'followers serve observers',
    {
      unit: 'port',
      defaultText: '0 (off)'
    }
  ),
  observerMasterSizeLimit: propertyKey(
    'should',
    'observerMaster.sizeLimit',
    javaInteger({ min: 0 }),
    33_554_432,
    'what an observer may lag behind',
    {
      unit: 'bytes'
    }
  ),
  oraclePath: fileKey<string | null>('should', 'oraclePath', text, null, 'oracle of a two-server quorum', {
    unit: 'path'
  }),
  syncEnabled: fileKey('should', 'syncEnabled', trueOrFalse, true, 'observers write to disk', {
    property: 'zookeeper.observer.syncEnabled'
  }),
  forceSnapshotSync: propertyKey(
    'should',
    'forceSnapshotSync',
    trueOrFalse,
    false,
    'learners are always brought up by SNAP'
  ),
  leaderServes: propertyKey('must', 'leaderServes', yesOrNo, true, 'the leader takes clients', { defaultText: 'yes' }),
  leaderMaxTimeToWaitForEpoch: propertyKey<number | null>(
    'must',
    'leader.maxTimeToWaitForEpoch',
    offBelow(0, javaInteger()),
    null,
    'a leader gives up waiting for epochs',
    { unit: 'ms', defaultText: '-1 (off)' }
  ),
  cnxTimeout: propertyKey('must', 'cnxTimeout', javaInteger({ min: 1 }), 5000, 'connect time of the election port', {
    unit: 'ms'
  }),
  quorumCnxnTimeoutMs: propertyKey<number | null>(
    'should',
    'quorumCnxnTimeoutMs',
    offBelow(1, javaInteger()),
    null,
    'read time of the election port',
    { unit: 'ms', defaultText: '-1 (syncLimit ticks)' }
  ),
  electionPortBindRetry: propertyKey(
    'must',
    'electionPortBindRetry',
    javaInteger({ min: 0 }),
    3,
    'tries to bind; 0 = for ever',
    {
      unit: 'tries'
    }
  ),
  minNotificationInterval: propertyKey(
    'must',
    'fastleader.minNotificationInterval',
    javaInteger({ min: 1 }),
    200,
    'first wait for votes',
    { unit: 'ms' }
  ),
  maxNotificationInterval: propertyKey(
    'must',
    'fastleader.maxNotificationInterval',
    javaInteger({ min: 1 }),
    60_000,
    'longest wait for votes',
    { unit: 'ms' }
  ),
  observerReconnectDelay: propertyKey(
    'should',
    'observer.reconnectDelayMs',
    javaLong({ min: 0 }),
    0,
    'wait before an observer reconnects',
    {
      unit: 'ms'
    }
  ),
  observerElectionDelay: propertyKey(
    'should',
    'observer.election.DelayMs',
    javaLong({ min: 0 }),
    200,
    'wait before an observer votes',
    {
      unit: 'ms'
    }
  ),
  maxConcurrentSnapSyncs: propertyKey(
    'should',
    'leader.maxConcurrentSnapSyncs',
    javaInteger({ min: 1 }),
    10,
    'SNAP transfers at once',
    {
      unit: 'learners',
      property: ['zookeeper.leader.maxConcurrentSnapSyncs', 'zookeeper.maxConcurrentSnapSyncs']
    }
  ),
  maxConcurrentDiffSyncs: propertyKey(
    'should',
    'leader.maxConcurrentDiffSyncs',
    javaInteger({ min: 1 }),
    100,
    'DIFF transfers at once',
    {
      unit: 'learners',
      property: ['zookeeper.leader.maxConcurrentDiffSyncs', 'zookeeper.maxConcurrentDiffSyncs']
    }
  ),
  leaderConnectDelay: propertyKey(
    'should',
    'leaderConnectDelayDuringRetryMs',
    javaInteger({ min: 0 }),
    100,
    'wait between connects to the leader',
    {
      unit: 'ms'
    }
  ),
  tcpKeepAlive: propertyKey('must', 'tcpKeepAlive', trueOrFalse, false, 'SO_KEEPALIVE between servers'),
  leaderNoDelay: propertyKey('should', 'leader.nodelay', trueOrFalse, true, 'TCP_NODELAY on the leader', {
    property: 'leader.nodelay'
  }),
  followerNoDelay: propertyKey('should', 'follower.nodelay', trueOrFalse, true, 'TCP_NODELAY on a learner', {
    property: 'follower.nodelay'
  }),
  multiAddressEnabled: propertyKey('should', 'multiAddress.enabled', trueOrFalse, false, 'several addresses a server'),
  multiAddressCheckEnabled: propertyKey(
    'should',
    'multiAddress.reachabilityCheckEnabled',
    trueOrFalse,
    true,
    'addresses are probed'
  ),
  multiAddressCheckTimeout: propertyKey(
    'should',
    'multiAddress.reachabilityCheckTimeoutMs',
    javaInteger({ min: 1 }),
    1000,
    'time for a probe',
    { unit: 'ms' }
  ),
  readOnlyModeEnabled: propertyKey(
    'must',
    'readonlymode.enabled',
    trueOrFalse,
    false,
    'read-only clients are served without quorum',
    {
      property: 'readonlymode.enabled'
    }
  ),
  messageTrackerEnabled: propertyKey(
    'should',
    'messageTracker.Enabled',
    trueOrFalse,
    false,
    'keeps the last packets between servers'
  ),
  messageTrackerBufferSize: propertyKey(
    'should',
    'messageTracker.BufferSize',
    javaInteger({ min: 1 }),
    10,
    'how many',
    {
      unit: 'packets'
    }
  ),
  commitMaxReadBatchSize: propertyKey(
    'should',
    'commitProcessor.maxReadBatchSize',
    javaInteger(),
    -1,
    'reads before commits; -1 = no limit',
    {
      unit: 'requests'
    }
  ),
  commitMaxCommitBatchSize: propertyKey(
    'should',
    'commitProcessor.maxCommitBatchSize',
    javaInteger({ min: 1 }),
    1,
    'commits before reads',
    {
      unit: 'commits'
    }
  ),
  quorumSaslEnabled: fileKey('should', 'quorum.auth.enableSasl', trueOrFalse, false, 'SASL between servers'),
  quorumSaslLearnerRequired: fileKey('should', 'quorum.auth.learnerRequireSasl', trueOrFalse, false, 'as learner'),
  quorumSaslServerRequired: fileKey('should', 'quorum.auth.serverRequireSasl', trueOrFalse, false, 'as server'),
  quorumSaslLearnerSection: fileKey(
    'should',
    'quorum.auth.learner.saslLoginContext',
    text,
    'QuorumLearner',
    'JAAS section'
  ),
  quorumSaslServerSection: fileKey(
    'should',
    'quorum.auth.server.saslLoginContext',
    text,
    'QuorumServer',
    'JAAS section'
  ),
  quorumSaslServicePrincipal: fileKey(
    'should',
    'quorum.auth.kerberos.servicePrincipal',
    text,
    'zkquorum/localhost',
    "other members' principal, for Kerberos; _HOST stands for each one's host"
  )
}

/**
 * Keys that are accepted with one line in the log and have no effect, because what they tune is not here. Each is a key of
 * `zoo.cfg` or, with `zookeeper.` before it, a system property; `properties` are other full names.
 */
export interface SkippedKeys {
  /** To follow "has no effect: ". */
  readonly why: string
  readonly names: readonly string[]
  readonly properties?: readonly string[]
}

export const skippedKeys: readonly SkippedKeys[] = [
  {
    why: 'connections are not dropped by probability; the token bucket (connectionMaxTokens) works',
    names: ['connectionFreezeTime', 'connectionDropIncrease', 'connectionDropDecrease', 'connectionDecreaseRatio'],
    properties: [
      'zookeeper.connection_throttle_freeze_time',
      'zookeeper.connection_throttle_drop_increase',
      'zookeeper.connection_throttle_drop_decrease',
      'zookeeper.connection_throttle_decrease_ratio'
    ]
  },
  {
    why: 'buffers and threads are not set up this way here',
    names: [
      'intBufferStartingSizeBytes',
      'commitProcessor.numWorkerThreads',
      'commitProcessor.shutdownTimeout',
      'nio.numSelectorThreads',
      'nio.numWorkerThreads',
      'nio.directBufferBytes',
      'nio.shutdownTimeout',
      'quorum.cnxn.threads.size',
      'forward_learner_requests_to_commit_processor_disabled',
      'follower.skipLearnerRequestToNextProcessor',
      'metricsProvider.numWorkerThreads',
      'metricsProvider.maxQueueSize',
      'metricsProvider.workerShutdownTimeoutMs'
    ]
  },
  {
    why: 'there is one watch table, which stays small by itself',
    names: [
      'watchManagerName',
      'watcherCleanThreadsNum',
      'watcherCleanThreshold',
      'watcherCleanIntervalInSeconds',
      'maxInProcessingDeadWatchers',
      'bitHashCacheSize'
    ]
  },
  {
    why: 'TTL nodes in the encoding of 3.5.3 are not written',
    names: ['emulate353TTLNodes']
  },
  {
    why: 'links between servers are always written and closed without blocking',
    names: [
      'leader.ackLoggingFrequency',
      'leader.closeSocketAsync',
      'learner.closeSocketAsync',
      'learner.asyncSending'
    ],
    properties: ['leader.closeSocketAsync', 'learner.closeSocketAsync', 'learner.asyncSending']
  },
  {
    why: 'it belongs to the Java server alone',
    names: [
      'test.allowDiscontinuousProposals',
      'netty.advancedFlowControl.enabled',
      'admin.httpVersion',
      'audit.impl.class',
      'jmx.log4j.disable',
      'jmx.log4j.mbean',
      'ssl.sslProvider',
      'ssl.context.supplier.class',
      'ssl.quorum.context.supplier.class',
      'configuration',
      'controllerPort',
      'pathStats.slotCapacity',
      'pathStats.slotDuration',
      'pathStats.maxDepth',
      'pathStats.sampleRate',
      'pathStats.initialDelay',
      'pathStats.delay',
      'pathStats.topPathMax'
    ]
  },
  {
    why: 'the Kerberos of this machine is configured by krb5.conf',
    names: [
      'kerberos.canonicalizeHostNames',
      'kerberos.minReLoginTimeMs',
      'kinit',
      'requireKerberosConfig',
      'security.auth_to_local',
      'server.realm'
    ]
  },
  {
    why: 'it would let any SASL user pass for another',
    names: ['letAnySaslUserDoX']
  },
  {
    why: 'it has none in Apache ZooKeeper either; sessionRequireClientSASLAuth, or enforce.auth.enabled, keeps out who has not logged in',
    names: ['requireClientAuthScheme']
  },
  {
    why: 'it is for clients',
    names: [
      'client.secure',
      'clientCnxnSocket',
      'request.timeout',
      'disableAutoWatchReset',
      'sasl.client',
      'sasl.clientconfig',
      'sasl.client.username',
      'sasl.client.canonicalize.hostname',
      'sasl.client.allowReverseDnsLookup',
      'server.principal',
      'shuffleDnsResponse',
      'hostProvider.dnsSrvRefreshIntervalSeconds'
    ]
  }
]

/** Families of such keys: everything that starts so. */
export const skippedPrefixes: readonly { readonly prefix: string; readonly why: string }[] = [
  { prefix: 'metricsProvider.', why: 'this metrics provider has no such setting' }
]

import { fileKey, propertyKey } from '../config-key.ts'
import {
  decimalInteger,
  javaInteger,
  offBelow,
  optionalText,
  text,
  trueOrFalse,
  zeroIfNegative
} from '../value-type.ts'

const port = decimalInteger({ min: 0, max: 65535 })

/** Client listeners, sessions, and limits on requests and connections. */
export const clientKeys = {
  clientPort: fileKey<number | null>('must', 'clientPort', port, null, 'plain-text client port', { unit: 'port' }),
  clientPortAddress: fileKey<string | null>('must', 'clientPortAddress', text, null, 'address to bind clientPort to', {
    defaultText: 'all addresses'
  }),
  secureClientPort: fileKey<number | null>('must', 'secureClientPort', port, null, 'TLS client port', { unit: 'port' }),
  secureClientPortAddress: fileKey<string | null>(
    'must',
    'secureClientPortAddress',
    text,
    null,
    'address to bind secureClientPort to',
    { defaultText: 'all addresses' }
  ),
  clientPortListenBacklog: fileKey<number | null>(
    'must',
    'clientPortListenBacklog',
    offBelow(0, decimalInteger({ min: -1 })),
    null,
    'backlog of the client listeners',
    { defaultText: '-1 (50)' }
  ),
  maxClientCnxns: fileKey(
    'must',
    'maxClientCnxns',
    zeroIfNegative(decimalInteger()),
    60,
    'connections per address; 0 = no limit',
    {
      unit: 'connections'
    }
  ),
  maxCnxns: propertyKey(
    'must',
    'maxCnxns',
    zeroIfNegative(javaInteger()),
    0,
    'connections per listener; 0 = no limit',
    {
      unit: 'connections'
    }
  ),
  tickTime: fileKey('must', 'tickTime', decimalInteger({ min: 1 }), 3000, 'base unit of sessions and limits', {
    unit: 'ms'
  }),
  minSessionTimeout: fileKey<number | null>(
    'must',
    'minSessionTimeout',
    offBelow(0, decimalInteger({ min: -1 })),
    null,
    'smallest negotiated session timeout',
    { unit: 'ms', defaultText: '2 ticks' }
  ),
  maxSessionTimeout: fileKey<number | null>(
    'must',
    'maxSessionTimeout',
    offBelow(0, decimalInteger({ min: -1 })),
    null,
    'largest negotiated session timeout',
    { unit: 'ms', defaultText: '20 ticks' }
  ),
  localSessionsEnabled: fileKey(
    'should',
    'localSessionsEnabled',
    trueOrFalse,
    false,
    'sessions without a quorum transaction; no effect on a standalone server'
  ),
  localSessionsUpgradingEnabled: fileKey(
    'should',
    'localSessionsUpgradingEnabled',
    trueOrFalse,
    false,
    'a local session becomes global with its first ephemeral'
  ),
  wrongPasswordClosesOwner: propertyKey(
    'should',
    'session.wrongPasswordClosesOwner',
    trueOrFalse,
    false,
    "a resume with a wrong password disconnects the session's owner, as in upstream"
  ),
  globalOutstandingLimit: propertyKey(
    'must',
    'globalOutstandingLimit',
    javaInteger({ min: 1 }),
    1000,
    'reading stops above so many requests in the pipeline',
    { unit: 'requests' }
  ),
  requestThrottleLimit: propertyKey(
    'should',
    'requestThrottleLimit',
    zeroIfNegative(javaInteger()),
    0,
    'requests let into the pipeline before others stall; 0 = off',
    { unit: 'requests', property: 'zookeeper.request_throttle_max_requests' }
  ),
  requestThrottleStallTime: propertyKey(
    'should',
    'requestThrottleStallTime',
    javaInteger({ min: 1 }),
    100,
    'how often a stalled request is looked at again',
    {
      unit: 'ms',
      property: 'zookeeper.request_throttle_stall_time'
    }
  ),
  requestThrottleDropStale: propertyKey(
    'should',
    'requestThrottleDropStale',
    trueOrFalse,
    true,
    'stale requests are dropped',
    {
      property: 'zookeeper.request_throttle_drop_stale'
    }
  ),
  requestStaleLatencyCheck: propertyKey(
    'should',
    'requestStaleLatencyCheck',
    trueOrFalse,
    false,
    'a request older than its session timeout is stale',
    { property: 'zookeeper.request_stale_latency_check' }
  ),
  requestStaleConnectionCheck: propertyKey(
    'should',
    'requestStaleConnectionCheck',
    trueOrFalse,
    true,
    'a request of a closed connection is stale',
    { property: 'zookeeper.request_stale_connection_check' }
  ),
  requestThrottlerShutdownTimeout: propertyKey(
    'should',
    'request_throttler.shutdownTimeout',
    javaInteger({ min: 0 }),
    10_000,
    'time for requests in the throttle when the server stops',
    { unit: 'ms' }
  ),
  throttledOpWaitTime: propertyKey<number | null>(
    'should',
    'throttled_op_wait_time',
    offBelow(1, javaInteger()),
    null,
    'requests that waited longer are answered THROTTLEDOP',
    { unit: 'ms', defaultText: '0 (off)' }
  ),
  largeRequestMaxBytes: propertyKey(
    'should',
    'largeRequestMaxBytes',
    javaInteger({ min: 1 }),
    104_857_600,
    'bytes of large requests in flight',
    { unit: 'bytes' }
  ),
  largeRequestThreshold: propertyKey<number | null>(
    'should',
    'largeRequestThreshold',
    offBelow(0, javaInteger()),
    null,
    'a longer request is a large one',
    { unit: 'bytes', defaultText: '-1 (off)' }
  ),
  connectionMaxTokens: propertyKey(
    'should',
    'connectionMaxTokens',
    zeroIfNegative(javaInteger()),
    0,
    'token bucket for new connections; 0 = off',
    { unit: 'tokens', property: 'zookeeper.connection_throttle_tokens' }
  ),
  connectionTokenFillTime: propertyKey(
    'should',
    'connectionTokenFillTime',
    javaInteger({ min: 1 }),
    1,
    'period of refilling',
    {
      unit: 'ms',
      property: 'zookeeper.connection_throttle_fill_time'
    }
  ),
  connectionTokenFillCount: propertyKey(
    'should',
    'connectionTokenFillCount',
    javaInteger({ min: 0 }),
    1,
    'tokens a period',
    {
      unit: 'tokens',
      property: 'zookeeper.connection_throttle_fill_count'
    }
  ),
  connectionWeightEnabled: propertyKey(
    'should',
    'connection_throttle_weight_enabled',
    trueOrFalse,
    false,
    'a connection takes its weight in tokens instead of 1'
  ),
  connectionGlobalSessionWeight: propertyKey(
    'should',
    'connection_throttle_global_session_weight',
    javaInteger({ min: 1 }),
    3,
    'weight of a new global session',
    { unit: 'tokens' }
  ),
  connectionLocalSessionWeight: propertyKey(
    'should',
    'connection_throttle_local_session_weight',
    javaInteger({ min: 1 }),
    1,
    'weight of a new local session; no effect on a standalone server',
    { unit: 'tokens' }
  ),
  connectionRenewSessionWeight: propertyKey(
    'should',
    'connection_throttle_renew_session_weight',
    javaInteger({ min: 1 }),
    2,
    'weight of a resumed session',
    { unit: 'tokens' }
  ),
  juteMaxBuffer: propertyKey(
    'must',
    'jute.maxbuffer',
    javaInteger({ min: 1 }),
    0xfffff,
    'longest request, and longest string or buffer in it',
    { unit: 'bytes', property: 'jute.maxbuffer' }
  ),
  juteExtraSize: propertyKey<number | null>(
    'must',
    'jute.maxbuffer.extrasize',
    javaInteger({ raiseTo: 1024 }),
    null,
    'how much longer a transaction may be',
    { unit: 'bytes', defaultText: 'jute.maxbuffer' }
  ),
  sessionlessCnxnTimeout: propertyKey(
    'must',
    'nio.sessionlessCnxnTimeout',
    javaInteger({ min: 1 }),
    10_000,
    'connections that open no session are closed',
    { unit: 'ms' }
  ),
  clientTcpKeepAlive: propertyKey(
    'must',
    'clientTcpKeepAlive',
    trueOrFalse,
    false,
    'SO_KEEPALIVE on client connections'
  ),
  maxResponseCacheSize: propertyKey(
    'should',
    'maxResponseCacheSize',
    zeroIfNegative(javaInteger()),
    400,
    'cache of encoded getData replies; no effect: they are encoded from the tree',
    { unit: 'entries' }
  ),
  maxGetChildrenResponseCacheSize: propertyKey(
    'should',
    'maxGetChildrenResponseCacheSize',
    zeroIfNegative(javaInteger()),
    400,
    'cache of encoded getChildren2 replies; no effect: long lists are kept encoded in any case',
    { unit: 'entries' }
  ),
  serverCnxnFactory: propertyKey<string | null>(
    'should',
    'serverCnxnFactory',
    optionalText,
    null,
    'accepted; there is one implementation of the listener',
    { defaultText: 'NIOServerCnxnFactory' }
  )
}

import { fileKey, propertyKey } from '../config-key.ts'
import {
  decimal,
  decimalInteger,
  interval,
  javaInteger,
  javaLong,
  offBelow,
  oneOf,
  text,
  trueOrFalse,
  yesOrNo,
  zeroIfNegative
} from '../value-type.ts'

/** Transaction log and snapshots. */
export const storageKeys = {
  dataDir: fileKey<string | null>('must', 'dataDir', text, null, 'snapshots, epochs, myid (and log)', {
    unit: 'path',
    defaultText: 'required'
  }),
  dataLogDir: fileKey<string | null>('must', 'dataLogDir', text, null, 'transaction log', {
    unit: 'path',
    defaultText: 'dataDir'
  }),
  preAllocSize: propertyKey(
    'should',
    'preAllocSize',
    javaLong({ min: 0 }),
    65_536,
    'space the log reserves ahead; no effect: its files grow by themselves',
    {
      unit: 'KB'
    }
  ),
  snapCount: propertyKey(
    'must',
    'snapCount',
    javaInteger({ raiseTo: 2 }),
    100_000,
    'a snapshot after so many transactions',
    {
      unit: 'transactions'
    }
  ),
  snapSizeLimitInKb: propertyKey<number | null>(
    'should',
    'snapSizeLimitInKb',
    offBelow(1, javaLong()),
    4_194_304,
    'a snapshot after so much log',
    { unit: 'KB' }
  ),
  txnLogSizeLimitInKb: propertyKey<number | null>(
    'should',
    'txnLogSizeLimitInKb',
    offBelow(1, javaLong()),
    null,
    'a new log file after so much log',
    { unit: 'KB', defaultText: '-1 (off)' }
  ),
  commitLogCount: propertyKey(
    'must',
    'commitLogCount',
    javaInteger({ raiseTo: 500 }),
    500,
    'transactions kept in memory for DIFF',
    {
      unit: 'transactions'
    }
  ),
  snapshotSizeFactor: propertyKey(
    'must',
    'snapshotSizeFactor',
    decimal(),
    0.33,
    'DIFF from disk below this share of the snapshot'
  ),
  fsyncWarningThreshold: propertyKey(
    'must',
    'fsync.warningthresholdms',
    javaLong({ min: 0 }),
    1000,
    'a slower sync is logged',
    {
      unit: 'ms',
      property: ['zookeeper.fsync.warningthresholdms', 'fsync.warningthresholdms']
    }
  ),
  flushDelay: propertyKey(
    'must',
    'flushDelay',
    zeroIfNegative(javaLong()),
    0,
    'wait for more transactions to share a sync',
    {
      unit: 'ms'
    }
  ),
  maxWriteQueuePollTime: propertyKey<number | null>(
    'should',
    'maxWriteQueuePollTime',
    javaLong({ min: 0 }),
    null,
    'idle time that ends the wait',
    { unit: 'ms', defaultText: 'flushDelay / 3' }
  ),
  maxBatchSize: propertyKey('must', 'maxBatchSize', javaInteger({ min: 1 }), 1000, 'transactions that share a sync', {
    unit: 'transactions'
  }),
  datadirAutocreate: propertyKey('must', 'datadir.autocreate', trueOrFalse, true, 'missing directories are created'),
  dbAutocreate: propertyKey('must', 'db.autocreate', trueOrFalse, true, 'an empty database may vote'),
  snapshotTrustEmpty: propertyKey(
    'must',
    'snapshot.trust.empty',
    trueOrFalse,
    false,
    'starts with a log but no snapshot'
  ),
  serializeLastProcessedZxid: propertyKey(
    'must',
    'serializeLastProcessedZxid.enabled',
    trueOrFalse,
    true,
    'snapshots tell their zxid; no effect: they always do'
  ),
  closeSessionTxn: propertyKey(
    'must',
    'closeSessionTxn.enabled',
    trueOrFalse,
    true,
    'closeSession lists its ephemerals'
  ),
  forceSync: propertyKey('must', 'forceSync', yesOrNo, true, 'acknowledge only what is on disk', {
    defaultText: 'yes'
  }),
  snapshotCompressionMethod: propertyKey<'none' | 'gz' | 'snappy'>(
    'should',
    'snapshot.compression.method',
    oneOf({ '': 'none', none: 'none', gz: 'gz', snappy: 'snappy' }),
    'none',
    'compression of snapshots; no effect on the files of this server'
  ),
  autopurgeSnapRetainCount: fileKey(
    'must',
    'autopurge.snapRetainCount',
    decimalInteger({ raiseTo: 3 }),
    3,
    'snapshots kept',
    {
      unit: 'snapshots'
    }
  ),
  autopurgePurgeInterval: fileKey(
    'must',
    'autopurge.purgeInterval',
    interval(3_600_000),
    0,
    'time between purges; 0 = off',
    {
      unit: 'h'
    }
  )
}

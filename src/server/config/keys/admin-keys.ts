import { fileKey, propertyKey } from '../config-key.ts'
import type { LogLevel } from '../settings.ts'
import { decimalInteger, javaInteger, list, offBelow, oneOf, sizeInBytes, text, trueOrFalse } from '../value-type.ts'

/** Upstream's class names (with or without package) and what they stand for. */
const metricsProvider = oneOf({
  DefaultMetricsProvider: 'default',
  'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider': 'default',
  NullMetricsProvider: 'none',
  'org.apache.zookeeper.metrics.impl.NullMetricsProvider': 'none',
  PrometheusMetricsProvider: 'prometheus',
  'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider': 'prometheus'
})

const LEVELS = {
  OFF: 'off',
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  TRACE: 'trace',
  ALL: 'trace'
} as const satisfies Record<string, LogLevel>

const exporterPort = offBelow(0, decimalInteger({ min: -1, max: 65535 }))

/** Four-letter words, HTTP admin server, measurements, audit log, log. */
export const adminKeys = {
  fourLetterWordWhitelist: propertyKey<readonly string[]>(
    'must',
    '4lw.commands.whitelist',
    list,
    [],
    'four-letter words that are answered; * = all; srvr always',
    { defaultText: 'srvr' }
  ),
  adminEnableServer: propertyKey('must', 'admin.enableServer', trueOrFalse, true, 'HTTP admin server'),
  adminServerAddress: propertyKey('must', 'admin.serverAddress', text, '127.0.0.1', 'its address'),
  adminServerPort: propertyKey('must', 'admin.serverPort', javaInteger({ min: 0, max: 65535 }), 8080, 'its port', {
    unit: 'port'
  }),
  adminCommandUrl: propertyKey('must', 'admin.commandURL', text, '/commands', 'path before the command'),
  adminIdleTimeout: propertyKey(
    'must',
    'admin.idleTimeout',
    javaInteger({ min: 1 }),
    30_000,
    'idle connections are closed',
    {
      unit: 'ms'
    }
  ),
  adminPortUnification: propertyKey(
    'should',
    'admin.portUnification',
    trueOrFalse,
    false,
    'HTTP and HTTPS on one port'
  ),
  adminForceHttps: propertyKey('must', 'admin.forceHttps', trueOrFalse, false, 'HTTPS only'),
  adminNeedClientAuth: propertyKey(
    'must',
    'admin.needClientAuth',
    trueOrFalse,
    false,
    'client certificates are required'
  ),
  adminRateLimiterInterval: propertyKey(
    'must',
    'admin.rateLimiterIntervalInMS',
    javaInteger({ min: 0 }),
    300_000,
    'time between snapshots, and between restores',
    { unit: 'ms' }
  ),
  adminSnapshotEnabled: propertyKey('must', 'admin.snapshot.enabled', trueOrFalse, true, 'command snapshot'),
  adminRestoreEnabled: propertyKey('must', 'admin.restore.enabled', trueOrFalse, true, 'command restore'),
  adminConsoleEnabled: propertyKey('should', 'admin.console.enabled', trueOrFalse, false, 'web console at /console'),
  adminConsoleHosts: propertyKey<readonly string[]>(
    'should',
    'admin.console.hosts',
    list,
    [],
    "names by which browsers reach the console, beside this machine's own name and all addresses; * = any",
    { defaultText: '-' }
  ),
  metricsProvider: fileKey<'default' | 'none' | 'prometheus'>(
    'must',
    'metricsProvider.className',
    metricsProvider,
    'default',
    'class name of upstream: the Prometheus one turns the exporter on',
    { defaultText: 'DefaultMetricsProvider' }
  ),
  metricsHttpHost: fileKey('must', 'metricsProvider.httpHost', text, '0.0.0.0', 'address of the exporter'),
  metricsHttpPort: fileKey<number | null>(
    'must',
    'metricsProvider.httpPort',
    exporterPort,
    7000,
    'port of the exporter; -1 = off',
    {
      unit: 'port'
    }
  ),
  metricsHttpsPort: fileKey<number | null>(
    'should',
    'metricsProvider.httpsPort',
    exporterPort,
    null,
    'TLS port of the exporter',
    {
      unit: 'port',
      defaultText: '-1 (off)'
    }
  ),
  metricsExportJvmInfo: fileKey(
    'should',
    'metricsProvider.exportJvmInfo',
    trueOrFalse,
    true,
    'measurements of the process'
  ),
  metricsSummaryRotate: fileKey(
    'should',
    'metricsProvider.prometheusMetricsSummaryRotateIntervalSeconds',
    decimalInteger({ min: 1 }),
    60,
    'window of quantiles',
    { unit: 's' }
  ),
  auditEnable: propertyKey('must', 'audit.enable', trueOrFalse, false, 'audit log'),
  auditLogFile: propertyKey(
    'should',
    'auditlog.file',
    text,
    'zookeeper_audit.log',
    'name of the audit log, in log.dir',
    { unit: 'path' }
  ),
  auditLogFormat: propertyKey<'line' | 'json'>(
    'should',
    'audit.format',
    oneOf({ line: 'line', json: 'json' }),
    'line',
    "form of the audit log: line is upstream's"
  ),
  auditLogThreshold: propertyKey<LogLevel>(
    'should',
    'auditlog.threshold',
    oneOf(LEVELS),
    'info',
    'least level in the audit log; ERROR = failures only',
    { defaultText: 'INFO' }
  ),
  auditLogMaxFileSize: propertyKey(
    'should',
    'auditlog.maxfilesize',
    sizeInBytes,
    10_485_760,
    'a new audit log after so much',
    { defaultText: '10MB' }
  ),
  auditLogMaxBackupIndex: propertyKey(
    'should',
    'auditlog.maxbackupindex',
    javaInteger({ min: 0 }),
    10,
    'old audit logs kept',
    { unit: 'files' }
  ),
  slowRequestThreshold: propertyKey(
    'should',
    'slowRequestThresholdMs',
    offBelow(0, javaInteger({ min: -1 })),
    1000,
    'requests that take so long are logged, and shown by the admin command slow; -1 = off',
    { unit: 'ms' }
  ),
  pathStatsEnabled: propertyKey(
    'should',
    'pathStats.enabled',
    trueOrFalse,
    false,
    'counts the most requested paths; no effect'
  ),
  pauseMonitor: fileKey('should', 'jvm.pause.monitor', trueOrFalse, false, 'reports pauses of the event loop'),
  pauseInfoThreshold: fileKey(
    'should',
    'jvm.pause.info-threshold.ms',
    decimalInteger({ min: 1 }),
    1000,
    'at level info from',
    {
      unit: 'ms'
    }
  ),
  pauseWarnThreshold: fileKey(
    'should',
    'jvm.pause.warn-threshold.ms',
    decimalInteger({ min: 1 }),
    10_000,
    'at level warn from',
    {
      unit: 'ms'
    }
  ),
  pauseSleepTime: fileKey(
    'should',
    'jvm.pause.sleep.time.ms',
    decimalInteger({ min: 1 }),
    500,
    'how often it looks; no effect: it looks with each tick',
    {
      unit: 'ms'
    }
  ),
  rootLogger: propertyKey<readonly string[]>(
    'should',
    'root.logger',
    list,
    ['INFO', 'CONSOLE'],
    'level, then where to: CONSOLE, ROLLINGFILE or both',
    { defaultText: 'INFO,CONSOLE' }
  ),
  logFormat: propertyKey<'line' | 'json'>(
    'should',
    'log.format',
    oneOf({ line: 'line', json: 'json' }),
    'line',
    'form of log lines'
  ),
  logConsoleThreshold: propertyKey<LogLevel | null>(
    'should',
    'console.threshold',
    oneOf(LEVELS),
    null,
    'least level on the console',
    { defaultText: 'level of root.logger' }
  ),
  logDir: propertyKey('should', 'log.dir', text, '.', 'directory of the log file', { unit: 'path' }),
  logFile: propertyKey('should', 'log.file', text, 'zookeeper.log', 'name of the log file'),
  logThreshold: propertyKey<LogLevel | null>(
    'should',
    'log.threshold',
    oneOf(LEVELS),
    null,
    'least level in the log file',
    {
      defaultText: 'level of root.logger'
    }
  ),
  logMaxFileSize: propertyKey('should', 'log.maxfilesize', sizeInBytes, 268_435_456, 'a new log file after so much', {
    defaultText: '256MB'
  }),
  logMaxBackupIndex: propertyKey('should', 'log.maxbackupindex', javaInteger({ min: 0 }), 20, 'old log files kept', {
    unit: 'files'
  }),
  logMaxFileAge: propertyKey(
    'should',
    'log.maxfileagehours',
    offBelow(1, javaInteger({ min: 0, max: 24 * 366 })),
    null,
    'a new log file after so long, too',
    { unit: 'h', defaultText: '0 (off)' }
  )
}

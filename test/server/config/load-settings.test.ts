import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { LoadedSettings } from '../../../src/server/config/load-settings.ts'
import { MINIMAL, useTemporaryConfig } from './temporary-config.ts'

const config = useTemporaryConfig()

function messages({ notices }: LoadedSettings): string[] {
  return notices.map(({ level, message }) => `${level} ${message}`)
}

describe('the smallest configuration', () => {
  test('gives the defaults of a real server', () => {
    const { settings, notices } = config.load(MINIMAL)

    expect(settings.client).toMatchObject({
      port: 2181,
      address: null,
      maxClientCnxns: 60,
      juteMaxBufferBytes: 1048575
    })
    expect(settings.session).toMatchObject({ tickTimeMs: 3000, minTimeoutMs: 6000, maxTimeoutMs: 60_000 })
    expect(settings.storage).toMatchObject({ snapCount: 100_000, forceSync: true, autopurgePurgeIntervalMs: 0 })
    expect(settings.quorum).toMatchObject({ standalone: true, serverId: 0, members: [], reconfigEnabled: false })
    expect(settings.admin.fourLetterWordWhitelist).toEqual(new Set(['srvr']))
    expect(settings.logging).toEqual({ consoleLevel: 'info', format: 'line', file: null })
    expect(notices).toEqual([])
  })

  test('cannot be changed once loaded', () => {
    const { settings } = config.load(MINIMAL)

    expect(() => Object.assign(settings.client, { port: 1 })).toThrow(TypeError)
    expect(Object.isFrozen(settings.quorum.members)).toBe(true)
  })

  test('resolves paths against the working directory, and keeps the log with the data', () => {
    const { storage } = config.load(MINIMAL).settings

    expect([storage.dataDir, storage.dataLogDir]).toEqual([
      join(config.directory, 'data'),
      join(config.directory, 'data')
    ])
  })
})

describe('where a setting may come from', () => {
  test('a file, by the property named zookeeper. and the key', () => {
    expect(config.load(`${MINIMAL}snapCount=7\n`).settings.storage.snapCount).toBe(7)
  })

  test('SERVER_JVMFLAGS, then JVMFLAGS, then the command line: the later ones win', () => {
    const env = {
      SERVER_JVMFLAGS: '-Dzookeeper.snapCount=10 -Dzookeeper.maxCnxns=1',
      JVMFLAGS: '-Dzookeeper.snapCount=20'
    }

    expect(config.load(MINIMAL, { env }).settings.storage.snapCount).toBe(20)
    expect(config.load(MINIMAL, { env, args: ['-Dzookeeper.snapCount=30'] }).settings).toMatchObject({
      storage: { snapCount: 30 },
      client: { maxCnxns: 1 }
    })
  })

  test('the file goes before -D for the same property, as upstream', () => {
    const env = { SERVER_JVMFLAGS: '-Dzookeeper.snapCount=10' }

    expect(config.load(`${MINIMAL}snapCount=7\n`, { env }).settings.storage.snapCount).toBe(7)
  })

  test.each([
    { line: 'requestThrottleLimit=5', about: 'the documented name' },
    { line: 'request_throttle_max_requests=5', about: 'the name that the Java code reads' }
  ])('$about of a key with two names', ({ line }) => {
    expect(config.load(`${MINIMAL}${line}\n`).settings.flow.requestThrottleMax).toBe(5)
  })

  test('both spellings of jute.maxbuffer, the one that Java reads first', () => {
    const env = { JVMFLAGS: '-Djute.maxbuffer=0x9fffff' }

    expect(config.load(`${MINIMAL}jute.maxbuffer=2000000\n`).settings.client.juteMaxBufferBytes).toBe(2_000_000)
    expect(config.load(`${MINIMAL}jute.maxbuffer=2000000\n`, { env }).settings.client.juteMaxBufferBytes).toBe(0x9fffff)
  })

  test('ZOO_DATADIR_AUTOCREATE_DISABLE', () => {
    const env = { ZOO_DATADIR_AUTOCREATE_DISABLE: '1' }

    expect(config.load(MINIMAL, { env }).settings.storage.dataDirAutocreate).toBe(false)
  })

  test('all properties in effect are kept', () => {
    const { properties } = config.load(`${MINIMAL}my.own=x\n`, { args: ['-Dother=y'] }).settings.source

    expect([...properties]).toEqual([
      ['other', 'y'],
      ['zookeeper.my.own', 'x']
    ])
  })
})

describe('keys without effect', () => {
  test.each([
    {
      line: 'snapcount=7',
      says: 'warn zoo.cfg:3: unknown key snapcount is kept as the property zookeeper.snapcount, without effect; did you mean snapCount?'
    },
    {
      line: 'tickTme=7',
      says: 'warn zoo.cfg:3: unknown key tickTme is kept as the property zookeeper.tickTme, without effect; did you mean tickTime?'
    },
    {
      line: 'zookeeper.snapCount=7',
      says: 'warn zoo.cfg:3: unknown key zookeeper.snapCount is kept as the property zookeeper.zookeeper.snapCount, without effect; did you mean snapCount?'
    },
    {
      line: 'frobnicate=7',
      says: 'warn zoo.cfg:3: unknown key frobnicate is kept as the property zookeeper.frobnicate, without effect'
    },
    {
      line: 'nio.numWorkerThreads=4',
      says: 'info zoo.cfg:3: nio.numWorkerThreads has no effect: buffers and threads are not set up this way here'
    }
  ])('$line is told of once', ({ line, says }) => {
    expect(messages(config.load(`${MINIMAL}${line}\n`))).toEqual([says])
  })

  test('a file key given as a property is told of', () => {
    expect(messages(config.load(MINIMAL, { env: { JVMFLAGS: '-Dzookeeper.clientPort=1' } }))).toEqual([
      'warn JVMFLAGS: -Dzookeeper.clientPort has no effect: clientPort is read from the configuration file only'
    ])
  })

  test('a property given twice is told of once', () => {
    const flags = '-Dzookeeper.foo=1'

    expect(messages(config.load(MINIMAL, { env: { JVMFLAGS: flags }, args: [flags] }))).toHaveLength(1)
  })

  test('properties of others are left alone', () => {
    expect(messages(config.load(MINIMAL, { args: ['-Dcom.example.x=1', '-Dlogback.configurationFile=y'] }))).toEqual([])
  })

  test('options of a JVM are named, but for -Xmx which zkServer.sh handles', () => {
    expect(messages(config.load(MINIMAL, { env: { SERVER_JVMFLAGS: '-Xmx1g -XX:+UseG1GC  -ea' } }))).toEqual([
      'info options for a JVM have no effect here: -XX:+UseG1GC -ea'
    ])
  })
})

describe('remarks on values', () => {
  test.each([
    { line: 'autopurge.snapRetainCount=1', path: 'autopurgeSnapRetainCount', value: 3 },
    { line: 'snapCount=1', path: 'snapCount', value: 2 },
    { line: 'commitLogCount=10', path: 'commitLogCount', value: 500 }
  ])('$line is raised to $value', ({ line, path, value }) => {
    const loaded = config.load(`${MINIMAL}${line}\n`)
    const [key = '', given = ''] = line.split('=')

    expect(loaded.settings.storage).toMatchObject({ [path]: value })
    expect(messages(loaded)).toEqual([`warn zoo.cfg:3: ${key}: ${given} is too small, ${value} is used`])
  })

  test('of two lines for a key the later counts, and that is said', () => {
    const loaded = config.load('dataDir=./data\nclientPort=1\ntickTime=5\nclientPort=2\n')

    expect(loaded.settings.client.port).toBe(2)
    expect(messages(loaded)).toEqual(['warn zoo.cfg:4: clientPort was given in line 2 too; this one counts'])
  })

  test('a relative directory that does not begin with ./ is doubtful', () => {
    expect(messages(config.load('dataDir=data\nclientPort=1\n'))).toEqual([
      'warn zoo.cfg:1: dataDir: data depends on the working directory; begin it with ./ if that is meant'
    ])
  })

  test('bytes beyond ASCII are read as Java does, and that is said', () => {
    const loaded = config.load('dataDir=/donn\u00e9es\nclientPort=1\n')

    expect(loaded.settings.storage.dataDir).toBe('/donn\u00c3\u00a9es')
    expect(messages(loaded)).toEqual([
      'warn zoo.cfg:1: dataDir has characters beyond ASCII, read as ISO-8859-1 as in Java; write \\uXXXX'
    ])
  })

  test('a byte order mark is not a part of the first key', () => {
    expect(messages(config.load(`\ufeff${MINIMAL}`))).toEqual([])
  })

  test('without any port no client can connect, and that is said', () => {
    expect(messages(config.load('dataDir=./data\n'))).toEqual([
      'warn neither clientPort nor secureClientPort is set: no client can connect'
    ])
  })
})

describe('values that stop the start', () => {
  const whole = 'it must be a whole number'
  test.each([
    { line: 'clientPort=abc', says: `clientPort: "abc" is not allowed, ${whole} from 0 to 65535` },
    { line: 'clientPort=65536', says: `clientPort: "65536" is not allowed, ${whole} from 0 to 65535` },
    { line: 'clientPort=0x10', says: `clientPort: "0x10" is not allowed, ${whole} from 0 to 65535` },
    { line: 'clientPort=', says: `clientPort: "" is not allowed, ${whole} from 0 to 65535` },
    { line: 'tickTime=0', says: `tickTime: "0" is not allowed, ${whole} of at least 1` },
    { line: 'tickTime=2147483648', says: `tickTime: "2147483648" is not allowed, ${whole} of at least 1` },
    { line: 'standaloneEnabled=yes', says: 'standaloneEnabled: "yes" is not allowed, it must be true or false' },
    { line: 'forceSync=true', says: 'forceSync: "true" is not allowed, it must be yes or no' },
    { line: 'skipACL=true', says: 'skipACL: "true" is not allowed, it must be yes or no' },
    {
      line: 'electionAlg=1',
      says: 'electionAlg: "1" is not allowed, it must be 3, the only election algorithm there is'
    },
    { line: 'peerType=leader', says: 'peerType: "leader" is not allowed, it must be one of participant, observer' },
    {
      line: 'snapshot.compression.method=zip',
      says: 'snapshot.compression.method: "zip" is not allowed, it must be one of (empty), none, gz, snappy'
    },
    {
      line: 'autopurge.purgeInterval=-1',
      says: 'autopurge.purgeInterval: "-1" is not allowed, it must be a whole number of at least 0, with one of the units ms, s, m, h, d or none for hours'
    },
    {
      line: 'ssl.quorum.clientAuth=maybe',
      says: 'ssl.quorum.clientAuth: "maybe" is not allowed, it must be one of none, want, need'
    },
    {
      line: 'log.maxfilesize=big',
      says: 'log.maxfilesize: "big" is not allowed, it must be a size such as 1048576, 512KB, 256MB or 1GB'
    },
    {
      line: 'root.logger=LOUD',
      says: 'root.logger: must be OFF, ERROR, WARN, INFO, DEBUG, TRACE, then CONSOLE, ROLLINGFILE or both'
    },
    {
      line: 'minSessionTimeout=70000',
      says: 'minSessionTimeout: minSessionTimeout (70000) must not be larger than maxSessionTimeout (60000)'
    },
    {
      line: 'quorum.auth.serverRequireSasl=true',
      says: 'quorum.auth.serverRequireSasl: needs quorum.auth.enableSasl=true'
    },
    {
      line: 'quorum.auth.learnerRequireSasl=true',
      says: 'quorum.auth.learnerRequireSasl: needs quorum.auth.enableSasl=true'
    },
    { line: 'x=\\u00zz', says: 'malformed \\uXXXX escape "\\u00zz": four hexadecimal digits must follow' }
  ])('$line', ({ line, says }) => {
    expect(config.refusal(`dataDir=./data\n${line}\n`)).toMatch(/^zoo\.cfg:2: /)
    expect(config.refusal(`dataDir=./data\n${line}\n`).replace(/^.*?zoo\.cfg:2: /, '')).toBe(says)
  })

  test('a property from the environment is named with its variable', () => {
    expect(config.refusal(MINIMAL, { env: { SERVER_JVMFLAGS: '-Dzookeeper.snapCount=many' } })).toBe(
      'SERVER_JVMFLAGS: snapCount: "many" is not allowed, it must be a whole number'
    )
  })

  test('an unknown metrics provider', () => {
    expect(config.refusal(`${MINIMAL}metricsProvider.className=com.example.Mine\n`)).toContain(
      'metricsProvider.className: "com.example.Mine" is not allowed, it must be one of DefaultMetricsProvider,'
    )
  })

  test('an address without its port', () => {
    expect(config.refusal('dataDir=./data\nclientPortAddress=127.0.0.1\n')).toBe(
      'zoo.cfg:2: clientPortAddress is set but clientPort is not'
    )
    expect(config.refusal(`${MINIMAL}secureClientPortAddress=::1\n`)).toBe(
      'zoo.cfg:3: secureClientPortAddress is set but secureClientPort is not'
    )
  })

  test('serverRequireSasl without learnerRequireSasl', () => {
    expect(config.refusal(`${MINIMAL}quorum.auth.enableSasl=true\nquorum.auth.serverRequireSasl=true\n`)).toBe(
      'zoo.cfg:4: quorum.auth.serverRequireSasl: needs quorum.auth.learnerRequireSasl=true'
    )
  })

  test('no dataDir', () => {
    expect(config.refusal('clientPort=2181\n')).toBe('DIR/zoo.cfg: dataDir is not set')
  })

  test('a TLS port with an authentication scheme that nobody provides', () => {
    const tls = `${MINIMAL}secureClientPort=2182\nssl.authProvider=own\n`

    expect(config.refusal(tls)).toBe('zoo.cfg:4: ssl.authProvider: "own" needs authProvider.own')
    expect(config.load(`${tls}authProvider.own=com.example.Own\n`).settings.acl.authProviders).toEqual([
      { id: 'own', className: 'com.example.Own' }
    ])
  })
})

describe('values', () => {
  test.each([
    { line: 'autopurge.purgeInterval=2', value: { storage: { autopurgePurgeIntervalMs: 7_200_000 } } },
    { line: 'autopurge.purgeInterval=30m', value: { storage: { autopurgePurgeIntervalMs: 1_800_000 } } },
    { line: 'autopurge.purgeInterval=500ms', value: { storage: { autopurgePurgeIntervalMs: 500 } } },
    { line: 'clientPortAddress=0.0.0.0', value: { client: { address: null } } },
    { line: 'clientPortAddress=::1', value: { client: { address: '::1' } } },
    { line: 'maxClientCnxns=-5', value: { client: { maxClientCnxns: 0 } } },
    { line: 'minSessionTimeout=-1', value: { session: { minTimeoutMs: 6000 } } },
    { line: 'flushDelay=30', value: { storage: { flushDelayMs: 30, maxWriteQueuePollTimeMs: 10 } } },
    { line: 'jute.maxbuffer=100', value: { client: { juteMaxBufferBytes: 100, juteExtraSizeBytes: 1024 } } },
    { line: 'snapSizeLimitInKb=0', value: { storage: { snapSizeLimitKb: null } } },
    { line: 'throttled_op_wait_time=0', value: { flow: { throttledOpWaitTimeMs: null } } },
    { line: 'largeRequestThreshold=0', value: { flow: { largeRequestThresholdBytes: 0 } } },
    { line: 'forceSync=NO', value: { storage: { forceSync: false } } },
    { line: 'reconfigEnabled=TRUE', value: { quorum: { reconfigEnabled: true } } },
    { line: 'skipACL=yes', value: { acl: { skipAcl: true } } },
    { line: 'DigestAuthenticationProvider.digestAlg=SHA-256', value: { acl: { digestAlgorithm: 'sha256' } } },
    { line: 'enforce.auth.schemes=sasl, digest', value: { acl: { enforceAuthSchemes: ['sasl', 'digest'] } } },
    { line: '4lw.commands.whitelist=*', value: { admin: { fourLetterWordWhitelist: '*' } } },
    {
      line: 'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
      value: { metrics: { provider: 'prometheus' } }
    },
    { line: 'metricsProvider.httpPort=-1', value: { metrics: { httpPort: null } } },
    { line: 'ssl.keyStore.password=', value: { tls: { client: { keyStore: { password: null } } } } },
    {
      line: 'ssl.enabledProtocols=TLSv1.3,TLSv1.2',
      value: { tls: { client: { enabledProtocols: ['TLSv1.3', 'TLSv1.2'] } } }
    },
    { line: 'ssl.quorum.keyStore.type=pem', value: { tls: { quorum: { keyStore: { type: 'PEM' } } } } },
    { line: 'observer.syncEnabled=false', value: { quorum: { observerSyncEnabled: false } } },
    { line: 'snapshotSizeFactor=-0.5', value: { storage: { snapshotSizeFactor: -0.5 } } },
    { line: 'snapCount=010', value: { storage: { snapCount: 8 } } }
  ])('$line', ({ line, value }) => {
    expect(config.load(`${MINIMAL}${line}\n`).settings).toMatchObject(value)
  })

  test('extra providers and super users come in the order of their numbers', () => {
    const { acl } = config.load(`${MINIMAL}authProvider.10=b\nauthProvider.2=a\nsuperUser=x\nsuperUser.1=y\n`).settings

    expect(acl.authProviders.map(({ className }) => className)).toEqual(['a', 'b'])
    expect(acl.saslSuperUsers).toEqual(['x', 'y'])
  })

  test('the log goes to a file when asked', () => {
    const properties = [
      'root.logger=DEBUG, ROLLINGFILE',
      'log.dir=logs',
      'log.file=z.log',
      'log.threshold=WARN',
      'log.maxfilesize=1MB'
    ]

    expect(config.load(`${MINIMAL}${properties.join('\n')}\n`).settings.logging).toEqual({
      consoleLevel: 'off',
      format: 'line',
      file: {
        path: join(config.directory, 'logs/z.log'),
        level: 'warn',
        sizeBytesMax: 1_048_576,
        backupCountMax: 20,
        ageMsMax: null
      }
    })
  })
})

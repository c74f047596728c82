import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import type { ServerSettings } from '../../src/server/config/settings.ts'
import { refuseWhatIsNotServed, withoutEffect } from '../../src/server/not-served.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function settingsOf(...lines: readonly string[]): ServerSettings {
  const file = join(folder, 'zoo.cfg')
  writeFileSync(file, [`dataDir=${folder}`, 'tickTime=2000', ...lines].join('\n'))
  return loadSettings({ args: [file], env: {}, workingDirectory: folder }).settings
}

const ENSEMBLE = [
  'server.1=127.0.0.1:2888:3888;2181',
  'server.2=127.0.0.2:2888:3888;2181',
  'server.3=127.0.0.3:2888:3888;2181',
  'initLimit=10',
  'syncLimit=5'
]

/** Settings of server 1 of an ensemble. */
function memberWith(...lines: readonly string[]): ServerSettings {
  writeFileSync(join(folder, 'myid'), '1')
  return settingsOf(...ENSEMBLE, ...lines)
}

describe('a member of an ensemble', () => {
  test('has an oracle where that decides, of two voters', () => {
    writeFileSync(join(folder, 'myid'), '1')
    const two = [
      'server.1=a:1:2',
      'server.2=b:1:2',
      'oraclePath=/oracle',
      'initLimit=5',
      'syncLimit=2',
      'clientPort=2181'
    ]

    expect(withoutEffect(settingsOf(...two))).toEqual([])
  })

  test('tells of each setting without an effect in one line', () => {
    const lines = withoutEffect(
      memberWith('oraclePath=/oracle', 'syncEnabled=false', 'commitProcessor.maxReadBatchSize=3')
    )
    expect(lines.map((line) => line.replace(/ has(ve)? no effect.*/, ''))).toEqual([
      'oraclePath',
      'syncEnabled=false',
      'commitProcessor.maxReadBatchSize'
    ])
  })

  test('has nothing to tell without them', () => {
    expect(
      withoutEffect(
        memberWith(
          'observer.election.DelayMs=100',
          'observer.reconnectDelayMs=10',
          'leaderServes=no',
          'observerMasterPort=2191',
          'multiAddress.enabled=true',
          'messageTracker.Enabled=true',
          'testingonly.initialZxid=5'
        )
      )
    ).toEqual([])
  })
})

describe('a configuration that asks for what is not served', () => {
  test.each([
    { lines: [], says: /neither clientPort nor secureClientPort is set/ },
    { lines: ['clientPort=2181', 'sessionRequireClientSASLAuth=true'], says: /SASL/ },
    { lines: ['clientPort=2181', 'enforce.auth.enabled=true'], says: /enforce\.auth\.schemes/ },
    { lines: ['clientPort=2181', 'enforce.auth.enabled=true', 'enforce.auth.schemes=sasl'], says: /sasl/ },
    { lines: ['clientPort=2181', 'enforce.auth.enabled=true', 'enforce.auth.schemes=ensemble'], says: /ensemble/ }
  ])('is refused: $lines', ({ lines, says }) => {
    expect(() => refuseWhatIsNotServed(settingsOf(...lines))).toThrow(says)
  })

  const provider = 'authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider'

  test.each([
    { jaas: 'Server { x required user_a="b"; };', lines: [], says: /needs authProvider\.sasl=/ },
    {
      jaas: 'Server { x required user_a="b" };',
      lines: [provider],
      says: /^JAAS file .*jaas\.conf, line 1: "}" stands where/
    },
    {
      jaas: 'Server { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true; };',
      lines: [provider],
      says: /^JAAS file .*jaas\.conf, line 1: Krb5LoginModule of a server needs principal=/
    },
    {
      jaas: 'Server { x required a="b"; };',
      lines: [provider],
      says: /^JAAS file .*jaas\.conf, line 1: the section Server names no user/
    },
    {
      jaas: 'Server { x required user_a="SCRAM-SHA-256$1:x"; };',
      lines: [provider],
      says: /user_a: a SCRAM verifier must be/
    }
  ])('is refused: SASL is required, and the JAAS file is $jaas', ({ jaas, lines, says }) => {
    const file = join(folder, 'jaas.conf')
    if (jaas !== null) writeFileSync(file, jaas)
    const where = jaas === null ? '' : `java.security.auth.login.config=${file}`
    const settings = settingsOf('clientPort=2181', 'sessionRequireClientSASLAuth=true', where, ...lines)

    expect(() => refuseWhatIsNotServed(settings)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(says) })
    )
  })

  test('is refused: a JAAS file that is not there', () => {
    const settings = settingsOf('clientPort=2181', 'java.security.auth.login.config=/no/such/file')

    expect(() => refuseWhatIsNotServed(settings)).toThrow('JAAS file /no/such/file: cannot be read (ENOENT)')
  })

  test('is taken when users can log in by SASL', () => {
    const file = join(folder, 'jaas.conf')
    writeFileSync(file, 'Server { x required user_a="b"; };')
    const required = ['enforce.auth.enabled=true', 'enforce.auth.schemes=sasl']
    const settings = settingsOf('clientPort=2181', `java.security.auth.login.config=${file}`, provider, ...required)

    expect(() => refuseWhatIsNotServed(settings)).not.toThrow()
  })

  test.each([
    { schemes: 'digest', provider: '' },
    { schemes: 'ip,digest', provider: '' },
    {
      schemes: 'ensemble',
      provider: 'authProvider.1=org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider'
    }
  ])('is taken when it can be served: $schemes', ({ schemes, provider }) => {
    const settings = settingsOf(
      'clientPort=2181',
      'enforce.auth.enabled=true',
      `enforce.auth.schemes=${schemes}`,
      provider
    )

    expect(() => refuseWhatIsNotServed(settings)).not.toThrow()
  })

  test('is told of line by line when it is harmless', () => {
    const settings = settingsOf('clientPort=2181', 'forceSync=no', 'authProvider.1=com.example.MyProvider')

    expect(withoutEffect(settings)).toEqual([
      expect.stringContaining('com.example.MyProvider'),
      expect.stringContaining('forceSync')
    ])
  })

  test.each([
    { jaas: null, says: 'nobody can log in by SASL: java.security.auth.login.config names no JAAS file' },
    {
      jaas: 'Client { x required username=a password=b; };',
      says: expect.stringMatching(/^nobody can log in by SASL: JAAS file .*jaas\.conf has no section Server$/)
    }
  ])('is told of when nobody can log in, since the JAAS file is $jaas', ({ jaas, says }) => {
    const file = join(folder, 'jaas.conf')
    if (jaas !== null) writeFileSync(file, jaas)
    const where = jaas === null ? '' : `java.security.auth.login.config=${file}`

    expect(withoutEffect(settingsOf('clientPort=2181', provider, where))).toEqual([says])
  })

  test('is told of when nobody can log in and everybody has to', () => {
    const settings = settingsOf('clientPort=2181', provider, 'sessionRequireClientSASLAuth=true')

    expect(() => refuseWhatIsNotServed(settings)).not.toThrow()
    expect(withoutEffect(settings)).toEqual([
      expect.stringMatching(
        /^nobody can log in by SASL: .*, and sessionRequireClientSASLAuth keeps everybody else out$/
      )
    ])
  })

  test('is told of when its super user cannot be one', () => {
    const key = 'DigestAuthenticationProvider.superDigest'

    expect(withoutEffect(settingsOf('clientPort=2181', `${key}=super:D/InIHSb7yEEbrWz8b9l71RjZJU=`))).toEqual([])
    expect(withoutEffect(settingsOf('clientPort=2181', `${key}=admin:D/InIHSb7yEEbrWz8b9l71RjZJU=`))).toEqual([
      `${key} has no effect: it must be super: and a hash`
    ])
  })
})

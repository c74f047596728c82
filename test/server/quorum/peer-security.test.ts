import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ConfigError } from '../../../src/server/config/config-error.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import { openPeerSecurity } from '../../../src/server/quorum/peer-security.ts'
import { Authority } from './certificates.ts'
import { RecordingLogger } from './support.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-peer-security-'))
  writeFileSync(join(folder, 'myid'), '1')
  const { key, cert } = new Authority(folder, 'authority').issue('IP:127.0.0.1')
  writeFileSync(join(folder, 'store.pem'), key + cert)
  writeFileSync(
    join(folder, 'jaas.conf'),
    'QuorumServer { org.apache.zookeeper.server.auth.DigestLoginModule required user_one="secret"; };\n' +
      'QuorumLearner { org.apache.zookeeper.server.auth.DigestLoginModule required username="one" password="secret"; };\n' +
      'Kerberos { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/k" principal="a/b@C"; };\n'
  )
})

afterAll(() => rmSync(folder, { recursive: true }))

/** `NAME=value` lines of zoo.cfg; what begins with -D is a system property. */
function open(...given: readonly string[]) {
  const path = join(folder, 'zoo.cfg')
  const lines = given.filter((line) => !line.startsWith('-D'))
  const fixed = [`dataDir=${folder}`, 'initLimit=5', 'syncLimit=2', 'clientPort=2181', 'admin.enableServer=false']
  const members = ['server.1=a:1:2', 'server.2=b:1:2', 'server.3=c:1:2']
  writeFileSync(path, [...fixed, ...members, ...lines].join('\n'))
  const properties = given.filter((line) => line.startsWith('-D'))
  const loaded = loadSettings({
    args: ['--config', path],
    env: { SERVER_JVMFLAGS: properties.join(' ') },
    workingDirectory: folder
  })
  return openPeerSecurity(loaded.settings, () => [], new RecordingLogger())
}

const STORES = ['keyStore', 'trustStore'].map((kind) => `ssl.quorum.${kind}.location=STORE`)
const SASL = ['quorum.auth.enableSasl=true', 'quorum.auth.learnerRequireSasl=true']

function problemOf(...given: readonly string[]): string {
  try {
    open(...given).close()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'none'
}

describe('connections between servers', () => {
  test('are plain, and not authenticated, unless it is asked for', () => {
    expect(open().authentication).toBeNull()
  })

  test('are not made where TLS was asked for and a store is missing', () => {
    expect(problemOf('sslQuorum=true')).toMatch(/^[^\n]*ssl\.quorum\.keyStore[^\n]*$/)
    expect(problemOf('portUnification=true')).toMatch(/^[^\n]*ssl\.quorum\.keyStore[^\n]*$/)
    const stores = STORES.map((line) => line.replace('STORE', join(folder, 'store.pem')))
    expect(problemOf('sslQuorum=true', ...stores)).toBe('none')
  })

  test.each([
    { lines: SASL, says: /needs a JAAS file/ },
    { lines: [...SASL, '-Djava.security.auth.login.config=none.conf'], says: /none\.conf: cannot be read \(ENOENT\)/ },
    {
      lines: [...SASL, '-Djava.security.auth.login.config=jaas.conf', 'quorum.auth.server.saslLoginContext=Other'],
      says: /jaas\.conf: there is no section Other, which quorum\.auth\.server\.saslLoginContext names/
    },
    {
      lines: [...SASL, '-Djava.security.auth.login.config=jaas.conf', 'quorum.auth.learner.saslLoginContext=Kerberos'],
      says: /jaas\.conf, line 3: key table \/k: cannot be read \(ENOENT\)/
    },
    {
      lines: [...SASL, '-Djava.security.auth.login.config=jaas.conf', '-Dzookeeper.fips-mode=true'],
      says: /DIGEST-MD5 is off in FIPS mode/
    }
  ])('are not made unauthenticated where that was not asked for: $says', ({ lines, says }) => {
    const problem = problemOf(...lines)

    expect(problem).toMatch(says)
    expect(problem).not.toContain('\n')
    expect(problem).not.toContain('secret')
  })

  test.each([
    { lines: [], isRequired: false, offers: false },
    { lines: ['quorum.auth.learnerRequireSasl=true'], isRequired: false, offers: true },
    {
      lines: ['quorum.auth.learnerRequireSasl=true', 'quorum.auth.serverRequireSasl=true'],
      isRequired: true,
      offers: true
    }
  ])('are authenticated as far as that is required: $lines', ({ lines, isRequired, offers }) => {
    const jaas = '-Djava.security.auth.login.config=jaas.conf'

    const { authentication } = open('quorum.auth.enableSasl=true', jaas, ...lines)

    expect(authentication?.isRequired).toBe(isRequired)
    expect(authentication?.newClient('b')?.mechanism).toBe(offers ? 'DIGEST-MD5' : undefined)
  })
})

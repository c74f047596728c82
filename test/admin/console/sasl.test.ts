import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type RunningServer, startServer } from '../../../interop/differential/servers.ts'
import { freePort } from '../../../interop/harness/free-port.ts'
import { connect, type ZooKeeper } from '../../../src/client/index.ts'
import { Perm } from '../../../src/protocol/op-code.ts'
import { FakeBrowser } from './browser.ts'

const ROOT = join(__dirname, '../../..')
const MECHANISMS = ['SCRAM-SHA-256', 'DIGEST-MD5']

let server: RunningServer
let url: string
let bob: ZooKeeper
const browsers: FakeBrowser[] = []

async function start(more: Readonly<Record<string, string>>): Promise<[RunningServer, string]> {
  const adminPort = await freePort()
  const settings = {
    'admin.enableServer': 'true',
    'admin.serverPort': String(adminPort),
    'admin.console.enabled': 'true',
    'java.security.auth.login.config': join(ROOT, 'interop/sasl/jaas-server.conf'),
    'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
    'superUser.1': 'root',
    ...more
  }
  return [
    await startServer('zoonode', { projectRoot: ROOT, settings, parentFolder: tmpdir() }),
    `http://127.0.0.1:${adminPort}`
  ]
}

beforeAll(async () => {
  ;[server, url] = await start({})
  bob = await connect(`127.0.0.1:${server.port}`, { sasl: { username: 'bob', password: 'bobsecret' } })
  await bob.create('/bobs', 'of bob', { acl: [{ scheme: 'sasl', id: 'bob', perms: Perm.all }] })
}, 300_000)

afterEach(async () => {
  for (const one of browsers.splice(0)) await one.logOut()
})

afterAll(async () => {
  await bob?.close()
  await server?.stop()
})

function browser(): FakeBrowser {
  const one = new FakeBrowser(url)
  browsers.push(one)
  return one
}

describe.each(MECHANISMS)('%s', (mechanism) => {
  test.each([
    ['bob', 'bobsecret', 'sasl:bob'],
    ['jürgen', 'pässwort', 'sasl:jürgen'],
    ['root', 'rootsecret', 'sasl:root, super']
  ])('logs in %s, as the client port would', async (user, password, name) => {
    const one = browser()

    const { status, body } = await one.post('login', { scheme: 'sasl', mechanism, user, password })
    one.csrfToken = body.csrfToken

    expect([status, body.name]).toEqual([200, name])
    expect((await one.get('node', { path: '/bobs' })).status).toBe(user === 'jürgen' ? 403 : 200)
  })

  test.each([
    ['bob', 'wrong', 403, 'AUTH_FAILED'],
    ['nobody', 'bobsecret', 403, 'AUTH_FAILED'],
    ['', 'x', 400, 'BAD_REQUEST']
  ])('refuses %p with the password %p, and does not say why', async (user, password, status, error) => {
    const answer = await browser().post('login', { scheme: 'sasl', mechanism, user, password })

    expect([answer.status, answer.body.error]).toEqual([status, error])
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(server.log()).not.toContain('bobsecret')
  })
})

test('the mechanisms that the server takes are offered, and no other is taken', async () => {
  const one = browser()

  const other = await one.post('login', { scheme: 'sasl', mechanism: 'PLAIN', user: 'bob', password: 'bobsecret' })

  expect((await one.get('me')).body).toEqual({ name: null, csrfToken: null, mechanisms: MECHANISMS })
  expect(other.status).toBe(400)
})

test('a server that wants SASL of everybody shows its tree to who has logged in by it', async () => {
  const [strict, strictUrl] = await start({ sessionRequireClientSASLAuth: 'true' })
  const [anybody, digest, user] = [0, 1, 2].map(() => new FakeBrowser(strictUrl)) as [
    FakeBrowser,
    FakeBrowser,
    FakeBrowser
  ]
  try {
    const refused = await anybody.get('node', { path: '/' })
    const ofDigest = await digest.logIn('someone', 'word')
    const taken = await user.post('login', {
      scheme: 'sasl',
      mechanism: 'SCRAM-SHA-256',
      user: 'alice',
      password: 'alicesecret'
    })

    expect(refused.body.error).toBe('SESSION_CLOSED_REQUIRE_SASL_AUTH')
    expect(ofDigest.status).toBe(403)
    expect(taken.body.name).toBe('sasl:alice')
    expect((await user.get('node', { path: '/' })).status).toBe(200)
  } finally {
    await strict.stop()
  }
}, 300_000)

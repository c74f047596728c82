import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { ActingClient } from '../../../src/admin/console/acting-client.ts'
import { isSameSecret, Logins } from '../../../src/admin/console/logins.ts'
import { statusOf } from '../../../src/admin/console/member-probe.ts'
import { lagOf, newestOf } from '../../../src/admin/console/server-routes.ts'
import { fakeTarget } from '../http/fake-target.ts'
import { runAdmin } from '../http/running.ts'

const PAGE = join(__dirname, '../../../src/admin/console/page')
const ON = { consoleEnabled: true }

/** A request with a Host of its own, which `fetch` does not allow. */
function statusFor(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${url}/console/`, { headers: { Host: host } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

test('there is no console unless it is enabled', async () => {
  const { url } = await runAdmin(fakeTarget())

  const statuses = await Promise.all(
    ['/console', '/console/', '/console/api/me'].map(async (path) => (await fetch(url + path)).status)
  )

  expect(statuses).toEqual([404, 404, 404])
})

describe('the page', () => {
  test('comes file by file with its types, under a policy that lets no markup of data run', async () => {
    const { url } = await runAdmin(fakeTarget(), ON)

    for (const name of readdirSync(PAGE)) {
      const response = await fetch(`${url}/console/${name}`)
      expect(response.status).toBe(200)
      expect(await response.text()).toBe(readFileSync(join(PAGE, name), 'utf8'))
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      const policy = response.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
      expect(policy).not.toContain('unsafe')
    }
    expect(await (await fetch(`${url}/console`)).text()).toBe(readFileSync(join(PAGE, 'index.html'), 'utf8'))
  })

  test('has no script of its own beside the files, and none of it makes markup of text', () => {
    const html = readFileSync(join(PAGE, 'index.html'), 'utf8')
    const scripts = readdirSync(PAGE).filter((name) => name.endsWith('.mjs'))

    expect(html.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="main.mjs">'])
    expect(html).not.toMatch(/\son\w+=|style=|https?:/)
    for (const name of scripts) {
      expect(readFileSync(join(PAGE, name), 'utf8')).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/
      )
    }
  })

  test.each(['console.ts', '..%2fconsole.ts', '%2e%2e/http/admin-server.ts', 'api/../x'])(
    '%s is not one of its files',
    async (name) => {
      const { url } = await runAdmin(fakeTarget(), ON)

      expect((await fetch(`${url}/console/${name}`)).status).toBe(404)
    }
  )

  test.each([
    { host: '127.0.0.1:8080', status: 200 },
    { host: '[::1]:8080', status: 200 },
    { host: 'localhost', status: 200 },
    { host: 'console.example:8080', status: 200 },
    { host: 'evil.example', status: 421 },
    { host: '127.0.0.1.evil.example', status: 421 }
  ])('asked for as $host is answered with $status', async ({ host, status }) => {
    const { url } = await runAdmin(fakeTarget(), { ...ON, consoleHosts: ['console.example'] })

    expect(await statusFor(url, host)).toBe(status)
  })

  test('a server that takes no clients says so', async () => {
    const { url } = await runAdmin(fakeTarget(), ON)

    const response = await fetch(`${url}/console/api/node?path=/`)

    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: 'CONNECTION_LOSS' })
  })
})

describe('logins', () => {
  const client = (): ActingClient => new ActingClient(() => null, null)

  test('are over when they were not used for half an hour, or after twelve hours', () => {
    let nowMs = 0
    const logins = new Logins(() => nowMs)
    const { secret } = logins.add('a', 'x', client())
    const used = logins.add('b', 'x', client())

    nowMs += 29 * 60_000
    const early = logins.find(used.secret)
    nowMs += 2 * 60_000
    const idle = logins.find(secret)
    const kept = logins.find(used.secret)
    for (let step = 0; step < 30; step++) {
      nowMs += 25 * 60_000
      logins.find(used.secret)
    }

    expect(early).toBe(used.login)
    expect(idle).toBeNull()
    expect(kept).toBe(used.login)
    expect(logins.find(used.secret)).toBeNull()
    expect(logins.count).toBe(0)
  })

  test('are not kept alive by what a page asks for while nobody is there', () => {
    let nowMs = 0
    const logins = new Logins(() => nowMs)
    const { secret, login } = logins.add('a', 'x', client())

    nowMs += 20 * 60_000
    const unattended = logins.find(secret, false)
    nowMs += 11 * 60_000

    expect(unattended).toBe(login)
    expect(logins.find(secret, false)).toBeNull()
  })

  test('are limited for each address, and in all', () => {
    const logins = new Logins(() => 0)
    for (let index = 0; index < 16; index++) logins.add('a', 'one', client())

    const same = logins.refusal('one')
    const other = logins.refusal('two')
    for (let index = 0; index < 48; index++) logins.add('a', `other ${index}`, client())

    expect(same).toContain('16')
    expect(other).toBeNull()
    expect(logins.refusal('three')).toContain('64')
  })

  test('are refused for a while where ten have failed, and elsewhere not', () => {
    let nowMs = 0
    const logins = new Logins(() => nowMs)
    for (let index = 0; index < 10; index++) logins.failed('guesser')

    const early = logins.refusal('guesser')
    const other = logins.refusal('other')
    nowMs += 60_001

    expect(early).toContain('wait')
    expect(other).toBeNull()
    expect(logins.refusal('guesser')).toBeNull()
  })

  test('are found by their secret alone', () => {
    const logins = new Logins(() => 0)
    const { secret, login } = logins.add('a', 'x', client())

    expect(logins.find(`${secret}x`)).toBeNull()
    expect(logins.find(null)).toBeNull()
    expect(isSameSecret(login.csrfToken, login.csrfToken)).toBe(true)
    expect(isSameSecret(secret, login.csrfToken)).toBe(false)
  })
})

test.each([
  { what: 'level with all', zxid: 0x200000005n, others: [0x200000004n], lag: 0 },
  { what: 'three behind', zxid: 0x200000002n, others: [0x200000005n, 0x200000003n], lag: 3 },
  {
    what: 'level, under a leader whose epoch has no transaction yet',
    zxid: 0x100000007n,
    others: [0x200000000n],
    lag: 0
  },
  { what: 'in another epoch', zxid: 0x100000007n, others: [0x200000001n], lag: null }
])('a member is $what', ({ zxid, others, lag }) => {
  expect(lagOf(zxid, newestOf([zxid, ...others]))).toBe(lag)
})

test('what a member says of itself is read from its answer to srvr', () => {
  const text = [
    'Zookeeper version: 3.9.5',
    'Latency min/avg/max: 0/1.5/9',
    'Received: 4',
    'Sent: 3',
    'Connections: 7',
    'Outstanding: 0',
    'Zxid: 0x200000005',
    'Mode: follower',
    'Node count: 12'
  ].join('\n')

  expect(statusOf(text)).toEqual({
    mode: 'follower',
    zxid: 0x200000005n,
    connections: 7,
    averageLatencyMs: 1.5,
    nodeCount: 12
  })
  expect(statusOf('This ZooKeeper instance is not currently serving requests\n')).toBeNull()
})

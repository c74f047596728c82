import { connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  type AdminTarget,
  HandOverRefusedError,
  RestoreRefusedError,
  type Trouble
} from '../../../src/admin/http/admin-target.ts'
import { settingsWith } from '../fake-server.ts'
import { fakeTarget } from './fake-target.ts'
import { runAdmin, sendRaw } from './running.ts'

const AS_SUPER = { Authorization: 'digest super:admin' }

async function* piecesOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

function withSnapshot(discarded: string[] = []): AdminTarget {
  return fakeTarget(
    {},
    {
      takeSnapshot: () =>
        Promise.resolve({
          zxid: 0x1c4n,
          sizeBytes: 8,
          bytes: piecesOf('ZKSN', 'tail'),
          discard: () => discarded.push('discarded')
        })
    }
  )
}

describe('authority', () => {
  const powerless = fakeTarget({}, { isAllowedEverything: () => false })

  test.each([
    {
      what: 'no header',
      headers: {},
      target: fakeTarget(),
      status: 401,
      error: 'Auth info is missing for the command'
    },
    {
      what: 'an unknown scheme',
      headers: { Authorization: 'x y' },
      target: fakeTarget(),
      status: 401,
      error: 'Not authenticated'
    },
    {
      what: 'a digest without its text',
      headers: { Authorization: 'digest' },
      target: fakeTarget(),
      status: 401,
      error: 'Not authenticated'
    },
    {
      what: 'three words',
      headers: { Authorization: 'digest a:b c' },
      target: fakeTarget(),
      status: 401,
      error: 'Not authenticated'
    },
    { what: 'too few permissions', headers: AS_SUPER, target: powerless, status: 403, error: 'Not authorized' }
  ])('is missing with $what', async ({ headers, target, status, error }) => {
    const { url } = await runAdmin(target)

    const response = await fetch(`${url}/commands/snapshot`, { headers: headers as Record<string, string> })

    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ command: 'snapshot', error })
  })

  test('is asked about the address of the client, or what a proxy says of it where that is believed', async () => {
    const asked: string[] = []
    const target = fakeTarget(
      {},
      {
        authenticate: (_scheme, _auth, address) => {
          asked.push(address)
          return null
        }
      }
    )
    const trusting = await runAdmin(target, { usesForwardedFor: true })
    const other = await runAdmin(target)

    for (const { url } of [trusting, other]) {
      await fetch(`${url}/commands/snapshot`, {
        headers: { Authorization: 'ip', 'X-Forwarded-For': '10.1.2.3, 10.0.0.1' }
      })
    }

    expect(asked).toEqual(['10.1.2.3', '127.0.0.1'])
  })
})

describe('snapshot', () => {
  test('streams the file, with its zxid and its size', async () => {
    const { url } = await runAdmin(withSnapshot())

    const response = await fetch(`${url}/commands/snapshot`, { headers: AS_SUPER })

    expect(response.headers.get('last_zxid')).toBe('0x1c4')
    expect(response.headers.get('snapshot_size')).toBe('8')
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(await response.text()).toBe('ZKSNtail')
  })

  test('is only made where streaming=false', async () => {
    const discarded: string[] = []
    const { url } = await runAdmin(withSnapshot(discarded))

    const response = await fetch(`${url}/commands/snap?streaming=false`, { headers: AS_SUPER })

    expect(response.headers.get('last_zxid')).toBe('0x1c4')
    expect(await response.json()).toEqual({ command: 'snapshot', error: null })
    expect(discarded).toEqual(['discarded'])
  })

  test('is let through once in an interval, of which a thousandth counts', async () => {
    const target = withSnapshot()
    const running = await runAdmin(target, { rateLimiterIntervalMs: 300_000 })
    const ask = async () => (await fetch(`${running.url}/commands/snapshot`, { headers: AS_SUPER })).status

    const first = await ask()
    const second = await ask()
    running.nowMs += 301
    const third = await ask()

    expect([first, second, third]).toEqual([200, 429, 200])
    expect(target.view.metrics.snapshotRateLimitedCount.value).toBe(1)
  })

  test('is 503 where it is switched off, and 500 where it fails', async () => {
    const off = await runAdmin(withSnapshot(), { snapshotEnabled: false })
    const failing = fakeTarget({}, { takeSnapshot: () => Promise.reject(new Error('no room')) })
    const broken = await runAdmin(failing)

    const statuses = await Promise.all(
      [off, broken].map(async ({ url }) => (await fetch(`${url}/commands/snapshot`, { headers: AS_SUPER })).status)
    )

    expect(statuses).toEqual([503, 500])
    expect(failing.view.metrics.snapshotErrorCount.value).toBe(1)
    expect(broken.log).toEqual(['snapshot: no room'])
  })
})

describe('restore', () => {
  test('hands the body over and tells the zxid of the snapshot', async () => {
    const target = fakeTarget(
      {},
      {
        restore: async (bytes) => {
          let length = 0
          for await (const piece of bytes) length += (piece as Buffer).length
          return BigInt(length)
        }
      }
    )
    const { url } = await runAdmin(target)

    const response = await fetch(`${url}/commands/restore`, {
      method: 'POST',
      headers: AS_SUPER,
      body: new Uint8Array(300_000)
    })

    expect(await response.json()).toEqual({ last_zxid: 300_000, command: 'restore', error: null })
  })

  test.each([
    { problem: new Error('no snapshot at all'), status: 500 },
    { problem: new RestoreRefusedError('not here'), status: 409 }
  ])('says why not: $problem.message', async ({ problem, status }) => {
    const target = fakeTarget({}, { restore: () => Promise.reject(problem) })
    const { url } = await runAdmin(target)

    const response = await fetch(`${url}/commands/restore`, { method: 'POST', headers: AS_SUPER, body: 'x' })

    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ command: 'restore', error: problem.message })
    expect(target.view.metrics.restoreErrorCount.value).toBe(1)
  })

  test('reads nothing of the body of somebody without authority', async () => {
    const { url } = await runAdmin(fakeTarget())

    const response = await fetch(`${url}/commands/restore`, { method: 'POST', body: new Uint8Array(5_000_000) }).catch(
      () => null
    )

    // The answer may be lost with the connection, which is not kept for the rest of the body.
    expect(response === null || response.status === 401).toBe(true)
  })

  test('is no GET', async () => {
    const { url } = await runAdmin(fakeTarget())

    const response = await fetch(`${url}/commands/restore`, { headers: AS_SUPER })

    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })
})

describe('shed_connections', () => {
  test.each([
    { body: '{"percentage": 30}', status: 200, answer: { connections_shed: 3, percentage_requested: 30 } },
    { body: '{"percentage": 0}', status: 200, answer: { connections_shed: 0, percentage_requested: 0 } },
    { body: '{"percentage": 101}', status: 400, answer: { error: 'Percentage must be between 0 and 100' } },
    { body: '{"percentage": -1}', status: 400, answer: { error: 'Percentage must be between 0 and 100' } },
    { body: '{}', status: 400, answer: { error: 'Missing required field: percentage' } },
    { body: '[3]', status: 400, answer: { error: 'Missing required field: percentage' } },
    { body: '{', status: 400, answer: { error: expect.stringContaining('Invalid JSON') } },
    { body: ' '.repeat(70_000), status: 400, answer: { error: expect.stringContaining('longer than') } }
  ])('of $answer', async ({ body, status, answer }) => {
    const { url } = await runAdmin(fakeTarget({}, { shedConnections: (percentage) => percentage / 10 }))

    const response = await fetch(`${url}/commands/shed`, { method: 'POST', headers: AS_SUPER, body })

    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ command: 'shed_connections', error: null, ...answer })
  })
})

describe('transfer_leadership', () => {
  const post = (url: string, query = '') =>
    fetch(`${url}/commands/transfer_leadership${query}`, { method: 'POST', headers: AS_SUPER })

  test.each([
    { query: '?to=2', asked: 2 },
    { query: '', asked: null }
  ])('asks for $asked and tells who leads', async ({ query, asked }) => {
    const heirs: (number | null)[] = []
    const handOver = async (heir: number | null) => {
      heirs.push(heir)
      return { heir: 2, leader: 2, elapsedMs: 40 }
    }
    const { url } = await runAdmin(fakeTarget({}, { handOver }))
    const response = await post(url, query)
    expect(heirs).toEqual([asked])
    expect(await response.json()).toEqual({ command: 'transfer_leadership', error: null, leader_id: 2, elapsed_ms: 40 })
  })

  test('tells that another server leads than was asked for', async () => {
    const handOver = async () => ({ heir: 2, leader: 1, elapsedMs: 40 })
    const { url } = await runAdmin(fakeTarget({}, { handOver }))
    expect(await (await post(url)).json()).toMatchObject({
      error: 'server 2 did not take over: there was an election',
      leader_id: 1
    })
  })

  test('is a conflict where there is no lead to give, and needs authority', async () => {
    const handOver = () => Promise.reject(new HandOverRefusedError('this server does not lead'))
    const { url } = await runAdmin(fakeTarget({}, { handOver }))
    const refused = await post(url)
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ error: 'this server does not lead' })
    expect((await post(url, '?to=many')).status).toBe(400)
    expect((await fetch(`${url}/commands/transfer_leadership`, { method: 'POST' })).status).toBe(401)
  })
})

describe('a server that serves nobody', () => {
  test.each([null, fakeTarget({ isServing: false })])('says so', async (target) => {
    const { url } = await runAdmin(target)

    const response = await fetch(`${url}/commands/stat`)

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      command: 'stat',
      error: 'This ZooKeeper instance is not currently serving requests'
    })
  })

  test('still tells of itself', async () => {
    const { url } = await runAdmin(fakeTarget({ isServing: false }))

    const answers = await Promise.all(
      ['environment', 'gtmk', 'sysp', 'zabstate'].map(async (name) => (await fetch(`${url}/commands/${name}`)).json())
    )

    expect(answers.map((answer) => (answer as { error: unknown }).error)).toEqual([null, null, null, null])
  })
})

test('secrets are not among the system properties', async () => {
  const { url } = await runAdmin(
    fakeTarget({
      settings: settingsWith({
        'zookeeper.snapCount': '1000',
        'zookeeper.ssl.keyStore.password': 'hunter2',
        'zookeeper.DigestAuthenticationProvider.superDigest': 'super:hunter2'
      })
    })
  )

  const text = await (await fetch(`${url}/commands/system_properties`)).text()

  expect(text).toContain('"zookeeper.snapCount" : "1000"')
  expect(text).not.toMatch(/hunter2/)
})

describe('health', () => {
  const probe = async (target: AdminTarget | null, path: string, headers: Record<string, string> = {}) => {
    const { url } = await runAdmin(target)
    const response = await fetch(url + path, { headers })
    return { status: response.status, text: await response.text() }
  }
  const troubled = (...troubles: Trouble[]) => fakeTarget({}, { troubles: () => troubles })
  const looking: Trouble = { kind: 'looking', text: 'there is no quorum' }

  test.each(['/livez', '/readyz', '/startupz'])('%s of a server without troubles is ok', async (path) => {
    expect(await probe(fakeTarget(), path)).toEqual({ status: 200, text: 'ok\n' })
  })

  test('a server that looks for a leader lives, has started, and is not ready', async () => {
    const target = troubled(looking)

    expect(await probe(target, '/livez')).toEqual({ status: 200, text: 'ok\nlooking: there is no quorum\n' })
    expect(await probe(target, '/startupz')).toEqual({ status: 200, text: 'ok\nlooking: there is no quorum\n' })
    expect(await probe(target, '/readyz')).toEqual({ status: 503, text: 'not ok\nlooking: there is no quorum\n' })
  })

  test('a server that is not there yet has not started', async () => {
    expect((await probe(null, '/livez')).status).toBe(200)
    expect(await probe(null, '/startupz')).toEqual({
      status: 503,
      text: 'not ok\nstarting: the data directory is being read\n'
    })
  })

  test('JSON for who asks for it', async () => {
    const { status, text } = await probe(troubled(looking), '/readyz', { Accept: 'application/json' })

    expect(status).toBe(503)
    expect(JSON.parse(text)).toEqual({ ok: false, troubles: [looking] })
  })
})

describe('a long answer', () => {
  const COUNT = 200_000
  const watched = Array.from({ length: COUNT / 1000 }, (_, session) => ({
    sessionId: BigInt(session + 1),
    paths: Array.from({ length: 1000 }, (_, index) => `/services/some-application/instances/${session}/${index}`)
  }))

  test('is whole, and lets others have their turn', async () => {
    const { url } = await runAdmin(fakeTarget({ watchedPaths: watched }))
    let turns = 0
    const timer = setInterval(() => turns++, 5)

    const response = await fetch(`${url}/commands/watches`)
    const answer = (await response.json()) as { session_id_to_watched_paths: Record<string, string[]> }
    clearInterval(timer)

    expect(Object.keys(answer.session_id_to_watched_paths)).toHaveLength(COUNT / 1000)
    expect(answer.session_id_to_watched_paths['7']).toEqual(watched[6]?.paths)
    expect(turns).toBeGreaterThan(3)
  })

  test('to a client that takes nothing is given up after the idle time', async () => {
    let giveUp: () => void = () => undefined
    const givenUp = new Promise<void>((resolve) => {
      giveUp = resolve
    })
    function* paths() {
      try {
        yield* watched
      } finally {
        giveUp()
      }
    }
    const { server, url } = await runAdmin(fakeTarget({ watchedPaths: paths() }), { idleTimeoutMs: 300 })
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.pause()

    socket.write('GET /commands/watches HTTP/1.1\r\nHost: x\r\n\r\n')
    await givenUp

    socket.destroy()
    expect((await fetch(`${url}/commands/ruok`)).status).toBe(200)
  })
})

describe('whatever is sent', () => {
  test('a connection that says nothing is closed after the idle time', async () => {
    const { server } = await runAdmin(fakeTarget(), { idleTimeoutMs: 200 })

    const closed = new Promise((resolve) => {
      connect(server.port, '127.0.0.1')
        .on('error', () => undefined)
        .on('data', () => undefined)
        .on('close', resolve)
    })

    await expect(closed).resolves.toBeDefined()
  })

  test.each([
    'GET /commands/%zz HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /commands/%00%ff HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET //commands//ruok HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET http://elsewhere/commands/ruok HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /commands/__proto__ HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /commands/constructor?__proto__=1 HTTP/1.1\r\nHost: x\r\n\r\n',
    'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
    'TRACE /commands/ruok HTTP/1.1\r\nHost: x\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /commands/restore HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'POST /commands/restore HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\nabc',
    'GET /commands/ruok HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    `GET /${'a'.repeat(60_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    'stat',
    '\u0016\u0003\u0001'
  ])('%j does no harm', async (bytes) => {
    const { server, url } = await runAdmin(fakeTarget())

    const answer = await sendRaw(server.port, bytes)

    expect(answer === '' || answer.startsWith('HTTP/1.1 ')).toBe(true)
    expect((await fetch(`${url}/commands/ruok`)).status).toBe(200)
  })

  test('any path and any query have an answer', async () => {
    const { server, url, log } = await runAdmin(fakeTarget())
    const text = fc.string({ unit: fc.constantFrom(...'/%?&=+#.aZ0é\u0000"\\ ~'), maxLength: 30 })

    await fc.assert(
      fc.asyncProperty(text, text, fc.constantFrom('GET', 'POST', 'HEAD'), async (path, query, method) => {
        const answer = await sendRaw(
          server.port,
          Buffer.from(`${method} /commands/${path}?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 'utf8')
        )
        expect(answer).toMatch(/^HTTP\/1\.1 [2-4]\d\d /)
      }),
      { numRuns: 150 }
    )

    expect(log).toEqual([])
    expect((await fetch(`${url}/commands/ruok`)).status).toBe(200)
  })
})

test('other paths before the commands', async () => {
  const { url } = await runAdmin(fakeTarget(), { commandUrl: '/zk/admin/' })

  expect((await fetch(`${url}/zk/admin/ruok`)).status).toBe(200)
  expect(await (await fetch(`${url}/zk/admin`)).text()).toContain('href="/zk/admin/ruok"')
  expect((await fetch(`${url}/commands/ruok`)).status).toBe(404)
})

import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type RunningServer, startServer } from '../../../interop/differential/servers.ts'
import { freePort } from '../../../interop/harness/free-port.ts'
import { connect, type ZooKeeper } from '../../../src/client/index.ts'
import { Perm } from '../../../src/protocol/op-code.ts'
import { FakeBrowser } from './browser.ts'

const ROOT = join(__dirname, '../../..')
const OPEN = [{ scheme: 'world', id: 'anyone', perms: Perm.all }]

let server: RunningServer
let url: string
let owner: ZooKeeper
const browsers: FakeBrowser[] = []

beforeAll(async () => {
  const adminPort = await freePort()
  const settings = {
    'admin.enableServer': 'true',
    'admin.serverPort': String(adminPort),
    'admin.console.enabled': 'true',
    'audit.enable': 'true'
  }
  server = await startServer('zoonode', { projectRoot: ROOT, settings, parentFolder: tmpdir() })
  url = `http://127.0.0.1:${adminPort}`
  owner = await connect(`127.0.0.1:${server.port}`, { auth: [{ scheme: 'digest', auth: 'owner:secret' }] })
  await owner.create('/open', 'text', { acl: OPEN })
  await owner.create('/mine', 'mine', { acl: [{ scheme: 'auth', id: '', perms: Perm.all }] })
  await owner.create('/here', 'here', { acl: [{ scheme: 'ip', id: '127.0.0.1', perms: Perm.all }] })
  await owner.create('/many')
  for (let index = 0; index < 450; index++) void owner.create(`/many/n${String(index).padStart(3, '0')}`)
  await owner.create('/ephemeral', null, { mode: 'ephemeral' })
  await owner.sync('/')
}, 300_000)

// There is a limit for each address.
afterEach(async () => {
  for (const one of browsers.splice(0)) await one.logOut()
})

afterAll(async () => {
  await owner?.close()
  await server?.stop()
})

/** The audit log, once it has these words: it is written a little after the answer. */
async function auditWith(words: string): Promise<string> {
  for (const endMs = Date.now() + 25_000; Date.now() < endMs; ) {
    const text = readFileSync(join(server.folder, 'zookeeper_audit.log'), 'utf8')
    if (text.includes(words)) return text
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the audit log has no ${words}`)
}

function browser(): FakeBrowser {
  const one = new FakeBrowser(url)
  browsers.push(one)
  return one
}

async function loggedIn(user = 'owner', password = 'secret'): Promise<FakeBrowser> {
  const one = browser()
  expect((await one.logIn(user, password)).status).toBe(200)
  return one
}

describe('without a login', () => {
  test('a znode is shown with data, Stat and ACL', async () => {
    const { status, body } = await browser().get('node', { path: '/open' })

    expect(status).toBe(200)
    expect(body).toMatchObject({
      path: '/open',
      data: { base64: Buffer.from('text').toString('base64'), lengthBytes: 4 },
      stat: { version: 0, dataLength: 4, ephemeralOwner: '0x0' },
      acl: [{ scheme: 'world', id: 'anyone', perms: 31 }]
    })
  })

  test('children come in pages by name, each behind the last name of the one before', async () => {
    const one = browser()

    const first = await one.get('children', { path: '/many', limit: '200' })
    const second = await one.get('children', { path: '/many', limit: '200', after: first.body.next })
    const third = await one.get('children', { path: '/many', limit: '200', after: second.body.next })

    const names = [first, second, third].flatMap(({ body }) => body.children.map(({ name }: { name: string }) => name))
    expect(names).toEqual(Array.from({ length: 450 }, (_, index) => `n${String(index).padStart(3, '0')}`))
    expect(first.body.total).toBe(450)
    expect(third.body.next).toBeNull()
  })

  test('children can be filtered by what their names contain, or begin with', async () => {
    const one = browser()

    const within = await one.get('children', { path: '/many', filter: '44', limit: '5' })
    const front = await one.get('children', { path: '/many', filter: 'N44', match: 'prefix' })
    const odd = await one.get('children', { path: '/many', filter: 'n', match: 'sounds-like' })

    const names = ({ body }: typeof within) => body.children.map(({ name }: { name: string }) => name)
    expect(names(within)).toEqual(['n044', 'n144', 'n244', 'n344', 'n440'])
    expect(within.body).toMatchObject({ total: 450, matching: 14, next: 'n440' })
    expect(names(front)).toEqual(Array.from({ length: 10 }, (_, index) => `n44${index}`))
    expect(front.body.next).toBeNull()
    expect(odd.status).toBe(400)
  })

  test('pages follow what comes and goes between them, and what may be seen', async () => {
    await owner.create('/busy', null, { acl: OPEN })
    for (const name of ['a', 'b', 'd']) await owner.create(`/busy/${name}`)
    const one = browser()
    const page = async (after: string): Promise<string[]> =>
      (await one.get('children', { path: '/busy', limit: '2', after })).body.children.map(
        ({ name }: { name: string }) => name
      )

    const first = await page('')
    await owner.create('/busy/c')
    await owner.delete('/busy/b')
    const second = await page('b')
    await owner.setAcl('/busy', [{ scheme: 'auth', id: '', perms: Perm.all }])
    const refused = await one.get('children', { path: '/busy', after: 'b' })

    expect([first, second]).toEqual([
      ['a', 'b'],
      ['c', 'd']
    ])
    expect(refused.status).toBe(403)
  })

  test('a search finds names below, and says whether it saw everything', async () => {
    const all = (await browser().lines('search', { text: 'N04' }, null)).at(-1)
    const below = (await browser().lines('search', { text: 'n04', path: '/open' }, null)).at(-1)

    expect(all?.result.paths).toEqual(Array.from({ length: 10 }, (_, index) => `/many/n04${index}`))
    expect(all?.result.isComplete).toBe(true)
    expect(below?.result).toEqual({ paths: [], visitCount: 0, isComplete: true })
  })

  test.each(['/mine', '/here'])('%s is refused as world:anyone would be: an address is no right', async (path) => {
    const { status, body } = await browser().get('node', { path })

    expect(status).toBe(403)
    expect(body.error).toBe('NO_AUTH')
  })

  test('a child that may not be read is listed by its name', async () => {
    const { body } = await browser().get('children', { path: '/' })

    expect(body.children).toContainEqual({
      name: 'mine',
      numChildren: 0,
      dataLength: null,
      isEphemeral: false,
      isRefused: true
    })
  })

  test.each([
    ['set', { path: '/open', data: '', version: 0 }],
    ['create', { path: '/new', data: '', mode: 'persistent' }],
    ['delete', { path: '/open', version: 0 }],
    ['acl', { path: '/open', acl: OPEN, version: 0 }],
    ['logout', {}]
  ])('%s is refused', async (name, body) => {
    const answer = await browser().post(name, body)

    expect(answer.status).toBe(401)
    expect(answer.body.error).toBe('LOGIN_NEEDED')
    expect(await owner.exists('/new')).toBeNull()
  })
})

describe('with a login', () => {
  test('the ACL decides for its identity', async () => {
    const right = await (await loggedIn()).get('node', { path: '/mine' })
    const wrong = await (await loggedIn('owner', 'wrong')).get('node', { path: '/mine' })

    expect(right.status).toBe(200)
    expect(wrong.status).toBe(403)
  })

  test('data is set only over the version that was seen', async () => {
    await owner.create('/cas', 'a', { acl: OPEN })
    const one = await loggedIn()
    const data = Buffer.from('b').toString('base64')

    const first = await one.post('set', { path: '/cas', data, version: 0 })
    const second = await one.post('set', { path: '/cas', data, version: 0 })
    const any = await one.post('set', { path: '/cas', data, version: -1 })

    expect([first.status, second.status, any.status]).toEqual([200, 409, 400])
    expect(first.body.stat.version).toBe(1)
    expect(second.body.error).toBe('BAD_VERSION')
    expect(String((await owner.getData('/cas')).data)).toBe('b')
  })

  test('a znode is created, its ACL set, and deleted', async () => {
    const one = await loggedIn()
    const acl = [{ scheme: 'auth', id: '', perms: Perm.all }]

    const created = await one.post('create', { path: '/made-', data: null, mode: 'persistentSequential', acl })
    const { path } = created.body
    const changed = await one.post('acl', { path, acl: OPEN, version: 0 })
    const shown = await browser().get('node', { path })
    const deleted = await one.post('delete', { path, version: 0 })

    expect([created.status, changed.status, deleted.status]).toEqual([200, 200, 200])
    expect(path).toMatch(/^\/made-\d{10}$/)
    expect(shown.body).toMatchObject({ data: { base64: null }, acl: OPEN, aversion: 1 })
    expect(await owner.exists(path)).toBeNull()
  })

  test.each([
    ['an ephemeral znode', 'create', { path: '/e', data: '', mode: 'ephemeral' }, 400],
    ['data that is no base64', 'set', { path: '/open', data: '%', version: 0 }, 400],
    ['a path that is none', 'set', { path: '/a//b', data: '', version: 0 }, 400],
    ['a znode that is not there', 'delete', { path: '/none', version: 0 }, 404],
    ['a znode with children', 'delete', { path: '/many', version: 0 }, 409],
    ['an empty ACL', 'acl', { path: '/open', acl: [], version: 0 }, 400],
    ['data that no request may carry', 'set', { path: '/open', data: 'A'.repeat(1_400_000), version: 0 }, 413],
    ['a body that is no object', 'set', [], 400]
  ])('%s is refused', async (_what, name, body, status) => {
    expect((await (await loggedIn()).post(name, body)).status).toBe(status)
  })

  test.each([null, '', 'x'])('the token %p does not do in place of the right one', async (token) => {
    const one = await loggedIn()
    one.csrfToken = token

    const { status, body } = await one.post('set', { path: '/open', data: '', version: 0 })

    expect(status).toBe(403)
    expect(body.error).toBe('WRONG_TOKEN')
  })

  test('its cookie is for this console alone and out of reach of scripts, and is worth nothing after the logout', async () => {
    const one = browser()
    const { headers, body } = await one.logIn('someone', 'word')
    const { cookie } = one

    await one.post('logout', {})
    one.cookie = cookie

    expect(body.name).toBe('digest:someone')
    expect(headers.get('set-cookie')).toMatch(
      /^zoonode-console-\d+=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict$/
    )
    expect((await one.get('me')).body).toEqual({ name: null, csrfToken: null, mechanisms: [] })
    expect((await one.post('set', { path: '/open', data: '', version: 0 })).status).toBe(401)
  })

  test.each([
    ['digest', 'nopassword', 400],
    ['digest', ':b', 400],
    ['bogus', 'a:b', 403],
    ['a b', 'c', 400]
  ])('%s %s is no identity', async (scheme, auth, status) => {
    expect((await browser().post('login', { scheme, auth })).status).toBe(status)
  })

  test('its changes are in the audit log with the address of the browser, and no password is in any log', async () => {
    const one = await loggedIn('auditor', 'unspoken')
    await one.post('create', { path: '/audited', data: null, mode: 'persistent' })

    const audit = await auditWith('znode=/audited')
    const [line = ''] = audit.split('\n').filter((one) => one.includes('znode=/audited'))

    expect(line).toContain('user=console/127.0.0.1,auditor\tip=console/127.0.0.1\toperation=create')
    expect(/unspoken/.test(audit + server.log())).toBe(false)
    expect(server.log()).toContain('"digest:auditor" has logged in from 127.0.0.1')
  })
})

describe('a tree that is deleted', () => {
  const mine = [{ scheme: 'auth', id: '', perms: Perm.all }]

  async function fill(root: string, count: number): Promise<void> {
    await owner.create(root)
    // No more at once than the client lets wait.
    const together = 4_000
    for (let from = 0; from < count; from += together) {
      const made: Promise<string>[] = []
      for (let index = from; index < Math.min(count, from + together); index++) {
        made.push(owner.create(`${root}/n${index}`))
        made.push(owner.create(`${root}/n${index}/below`))
      }
      await Promise.all(made)
    }
  }

  async function countOf(root: string): Promise<number> {
    return (await owner.exists(root)) === null ? 0 : (await owner.getAllChildrenNumber(root)) + 1
  }

  test('is gone from the lowest to the top, and it is told how far that is', async () => {
    await fill('/whole', 300)
    await owner.create('/whole/n7/below/deeper')

    const lines = await (await loggedIn()).lines('delete-tree', {}, { path: '/whole', version: 0, count: 602 })

    expect(typeof lines[0]?.job).toBe('string')
    expect(lines.at(-1)).toEqual({ result: { deleted: 602, keptCount: 0, kept: [], isStopped: false } })
    expect(await owner.exists('/whole')).toBeNull()
  })

  test('keeps what the ACLs keep, with all above and all below', async () => {
    await fill('/partly', 3)
    await owner.create('/partly/shut', null, { acl: OPEN })
    await owner.create('/partly/shut/inner')
    await owner.create('/partly/shut/inner/leaf')
    await owner.setAcl('/partly/shut', [{ scheme: 'world', id: 'anyone', perms: Perm.read }])
    await owner.create('/partly/hidden', null, { acl: OPEN })
    await owner.create('/partly/hidden/leaf')
    await owner.setAcl('/partly/hidden', mine)
    const stranger = await loggedIn('stranger', 'x')

    const lines = await stranger.lines('delete-tree', {}, { path: '/partly', version: 0, count: 12 })

    const { result } = lines.at(-1) ?? {}
    expect(result).toMatchObject({ deleted: 6, keptCount: 2, isStopped: false })
    expect(result.kept.toSorted((a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: '/partly/hidden', error: 'NO_AUTH' },
      { path: '/partly/shut/inner', error: 'NO_AUTH' }
    ])
    expect(await countOf('/partly')).toBe(6)
    expect(await owner.exists('/partly/shut/inner/leaf')).not.toBeNull()
  })

  test.each([
    ['nobody has logged in', null, { version: 0, count: 3 }, 401, 'LOGIN_NEEDED'],
    ['another version was seen', 'owner', { version: 1, count: 3 }, 409, 'BAD_VERSION'],
    ['there are more than was agreed to', 'owner', { version: 0, count: 2 }, 409, 'TREE_HAS_GROWN'],
    ['no version is named', 'owner', { version: -1, count: 3 }, 400, 'BAD_REQUEST'],
    ['it is not allowed to', 'stranger', { version: 0, count: 3 }, 403, 'NO_AUTH']
  ])('loses nothing where %s', async (_why, user, order, status, error) => {
    if ((await owner.exists('/guarded')) === null) {
      await owner.create('/guarded', null, { acl: [...mine, { scheme: 'world', id: 'anyone', perms: Perm.read }] })
      await owner.create('/guarded/a')
      await owner.create('/guarded/a/b')
      await owner.create('/guarded/a/c')
    }
    const one = user === null ? browser() : await loggedIn(user)

    const lines = await one.lines('delete-tree', {}, { path: '/guarded/a', ...order })

    expect(lines).toEqual([expect.objectContaining({ status, error })])
    expect(await countOf('/guarded')).toBe(4)
  })

  test('stays as far as it is when somebody stops', async () => {
    await fill('/stopped', 4_000)
    const one = await loggedIn()

    // At once: it would be done in a moment.
    const lines = await one.lines('delete-tree', {}, { path: '/stopped', version: 0, count: 8_001 }, async (seen) => {
      if (seen.length === 1) await one.post('stop', { job: seen[0]?.job })
      return false
    })

    const { result } = lines.at(-1) ?? {}
    expect(result.isStopped).toBe(true)
    expect(await countOf('/stopped')).toBe(8_001 - result.deleted)
  })

  test('stays as far as it is when the page goes', async () => {
    // So many that seconds pass between the second line and the last one.
    const count = 40_001
    await fill('/left', (count - 1) / 2)
    const one = await loggedIn()

    await one.lines('delete-tree', {}, { path: '/left', version: 0, count }, (seen) => seen.length >= 2)
    const settled = await settledCount('/left')

    expect(settled).toBeGreaterThan(0)
    expect(settled).toBeLessThan(count)
  }, 300_000)

  /** The count when it is the same twice in a row. */
  async function settledCount(root: string): Promise<number> {
    for (let last = -1; ; ) {
      const now = await countOf(root)
      if (now === last) return now
      last = now
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }
})

test('the history of a znode is told to who has logged in and may read it', async () => {
  await owner.create('/past', 'one', { acl: OPEN })
  await owner.setData('/past', 'two')
  const stranger = await loggedIn('stranger', 'x')

  const told = await stranger.post('history', { path: '/past' })
  const refused = await stranger.post('history', { path: '/mine' })
  const anybody = await browser().post('history', { path: '/past' })

  expect(told.body.changes).toMatchObject([
    { operation: 'setData', version: 1, path: '/past', users: ['127.0.0.1,owner'] },
    { operation: 'create', path: '/past' }
  ])
  expect([refused.status, anybody.status]).toEqual([403, 401])
})

describe('another site', () => {
  test.each([
    ['its origin', { Origin: 'http://evil.example' }, 403],
    ['what the browser says of it', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a form', { 'Content-Type': 'text/plain' }, 415]
  ])('is refused by %s', async (_what, headers, status) => {
    const one = await loggedIn()

    const { status: got } = await one.post(
      'set',
      { path: '/open', data: '', version: 0 },
      headers as unknown as Record<string, string>
    )

    expect(got).toBe(status)
    expect((await owner.exists('/open'))?.version).toBe(0)
  })
})

describe('live updates', () => {
  test('a change of what is shown is told, many of them together, and nothing else', async () => {
    await owner.create('/live', 'a', { acl: OPEN })
    await owner.create('/not-shown', 'a', { acl: OPEN })
    const one = browser()
    const writing: Promise<unknown>[] = []
    const write = (): void => {
      writing.push(owner.setData('/not-shown', 'other'))
      for (let index = 0; index < 200; index++) writing.push(owner.setData('/live', `${index}`))
    }

    const events = await one.events(
      async (stream) => void (await one.post('watch', { stream, paths: ['/live', 'no path'] })),
      (seen) => {
        const changeCount = seen.filter(({ type }) => type === 'change').length
        // The first says that the watch is there, the second that something came.
        if (changeCount === 1 && writing.length === 0) write()
        return changeCount >= 2
      }
    )
    await Promise.all(writing)

    const [hello, ...changes] = events
    expect(hello?.type).toBe('hello')
    expect(changes).toEqual(Array(changes.length).fill({ type: 'change', data: { paths: ['/live'] } }))
    expect(changes.length).toBeLessThan(20)
  })

  test('a stream that is not there cannot be told anything, nor one be told too much', async () => {
    const one = browser()

    const none = await one.post('watch', { stream: 'x', paths: [] })

    expect(none.status).toBe(404)
  })
})

describe('the server', () => {
  test('shows sessions, who holds what, and itself', async () => {
    const one = browser()
    const id = `0x${owner.session?.id.toString(16)}`

    const holders = await one.get('holders')
    const session = await one.get('session', { id })
    const connections = await one.get('connections', { filter: id })
    const ensemble = await one.get('ensemble')
    const facts = await one.get('server')

    expect(holders.body.holders).toEqual([{ sessionId: id, count: 1, paths: ['/ephemeral'] }])
    expect(session.body.ephemerals).toEqual({ count: 1, paths: ['/ephemeral'] })
    expect(connections.body).toMatchObject({ matching: 1, connections: [{ sessionId: id, isSecure: false }] })
    expect(ensemble.body).toMatchObject({ isStandalone: true, members: [] })
    expect(facts.body).toMatchObject({ mode: 'standalone', isServing: true, troubles: [], ephemeralCount: 1 })
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { AdminTarget, EnsembleView } from '../../../src/admin/http/admin-target.ts'
import type { EnsembleMember } from '../../../src/core/zab/membership/ensemble-config.ts'
import { fakeConnection, settingsWith } from '../fake-server.ts'
import { fakeTarget } from './fake-target.ts'
import { runAdmin } from './running.ts'

const SESSION = 72057831887011881n

/** Status and body of a real server's answer. */
function golden(role: string, name: string): { readonly status: number; readonly text: string } {
  const [head = '', text = ''] = readFileSync(join(__dirname, 'golden', role, `${name}.http`), 'utf8').split('\n\n')
  return { status: Number(/^HTTP (\d+)/.exec(head)?.[1]), text }
}

async function ask(target: AdminTarget, path: string, headers: Record<string, string> = {}) {
  const { url } = await runAdmin(target)
  const response = await fetch(url + path, { headers })
  return { status: response.status, text: await response.text() }
}

const connection = fakeConnection(
  36480,
  { sessionId: SESSION },
  { establishedMs: 1795392187079, timeoutMs: 10_000, lastCxid: -1 }
)

const standalone = fakeTarget(
  {
    connections: [connection],
    sessions: {
      globalExpiry: {
        elementCount: 1,
        buckets: [
          { expiresAtMs: 3_700_000, elements: [], count: 0 },
          { expiresAtMs: 3_706_000, elements: [], count: 0 },
          { expiresAtMs: 3_708_000, elements: [SESSION], count: 1 }
        ]
      }
    },
    tree: { ephemerals: () => [{ sessionId: SESSION, paths: ['/eph'] }] },
    watches: { dataConnectionCount: 1, dataPathCount: 2, dataPairCount: 2 },
    watchedPaths: [{ sessionId: SESSION, paths: ['/p', '/'] }],
    digestLog: [
      { zxid: 128n, digest: 28198733076n },
      { zxid: 256n, digest: 100992162427n },
      { zxid: 384n, digest: 171214156859n }
    ]
  },
  {
    initialConfiguration: 'tickTime=2000\ndataDir=/data/standalone/data\nclientPort=21810\nmaxClientCnxns=0\n'
  }
)

describe('a standalone server answers byte for byte as a real one', () => {
  test.each([
    'configuration',
    'connections',
    'dump',
    'get_trace_mask',
    'hash',
    'initial_configuration',
    'nosuchcommand',
    'observers',
    'restore',
    'ruok',
    'snapshot',
    'voting_view',
    'watch_summary',
    'watches',
    'watches_by_path',
    'zabstate'
  ])('%s', async (name) => {
    expect(await ask(standalone, `/commands/${name}`)).toEqual(golden('standalone', name))
  })

  test('set_trace_mask', async () => {
    expect(await ask(fakeTarget(), '/commands/set_trace_mask?traceMask=2')).toEqual(
      golden('standalone', 'set_trace_mask')
    )
  })

  test('leader, but for the order of its two fields', async () => {
    const { status, text } = golden('standalone', 'leader')
    const answer = await ask(standalone, '/commands/leader')

    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text)).toEqual(JSON.parse(text))
  })

  test('snapshot with credentials that no provider takes', async () => {
    const refusing = fakeTarget({}, { authenticate: () => null })
    const headers = { Authorization: 'digest super:wrong' }

    expect(await ask(refusing, '/commands/snapshot', headers)).toEqual(golden('standalone', 'snapshot-bad-auth'))
  })

  test('the index, with the command of 3.10 and those that upstream does not have beside', async () => {
    const answer = await ask(standalone, '/commands')
    const links = ['shed_connections', 'slow', 'transfer_leadership'].map(
      (name) => `<a href="/commands/${name}">${name}</a>\n<br/>\n`
    )

    for (const link of links) expect(answer.text).toContain(link)
    expect(links.reduce((text, link) => text.replace(link, ''), answer.text)).toBe(golden('standalone', 'index').text)
  })

  test('stats: all fields', async () => {
    const names = (text: string): unknown => shapeOf(JSON.parse(text))
    const answer = await ask(standalone, '/commands/stats')

    expect(names(answer.text)).toEqual(names(golden('standalone', 'stats').text))
  })

  test('monitor: all names, with those of 3.10 beside', async () => {
    const names = (text: string): string[] => Object.keys(JSON.parse(text))
    const ours = names((await ask(standalone, '/commands/monitor')).text)

    const known = names(golden('standalone', 'monitor').text).filter((name) => !name.includes('_per_namespace'))
    expect(known.filter((name) => !ours.includes(name))).toEqual([])
  })
})

function member(id: number, role: 'participant' | 'observer' = 'participant'): EnsembleMember {
  const port = 22000 + id * 10
  return {
    id,
    role,
    addresses: [{ host: '127.0.0.1', quorumPort: port + 1, electionPort: port + 2 }],
    clientAddress: '127.0.0.1',
    clientPort: port,
    secureClientAddress: null,
    secureClientPort: null
  }
}

const voters = [1, 2, 3].map((id) => member(id))

function place(more: Partial<EnsembleView>): EnsembleView {
  return {
    myid: 1,
    isLeader: false,
    leaderId: 2,
    leaderHost: '127.0.0.1',
    own: member(1),
    voters,
    zabState: 'broadcast',
    observers: [],
    ...more
  }
}

const observer = {
  address: '/127.0.0.1:37098',
  sid: 4,
  establishedMs: 1795392031741,
  unsentBytes: -306,
  lastZxid: 4294967335n
}
const members: readonly { readonly role: string; readonly target: AdminTarget }[] = [
  {
    role: 'leader',
    target: fakeTarget(
      {
        mode: 'leader',
        lastProcessedZxid: 0x100000027n,
        watchedPaths: [{ sessionId: 144115418850721793n, paths: ['/t'] }]
      },
      { ensemble: () => place({ myid: 2, isLeader: true, own: member(2), observers: [observer] }) }
    )
  },
  {
    role: 'follower',
    target: fakeTarget({ mode: 'follower', lastProcessedZxid: 0x100000027n }, { ensemble: () => place({}) })
  },
  {
    role: 'observer',
    target: fakeTarget(
      { mode: 'observer', lastProcessedZxid: 0x10000002an, sessions: { globalExpiry: null } },
      { ensemble: () => place({ myid: 4, own: member(4, 'observer') }) }
    )
  }
]

describe.each(members)('a $role answers as a real one', ({ role, target }) => {
  test.each(['leader', 'voting_view', 'zabstate'])('%s: all fields', async (name) => {
    const answer = await ask(target, `/commands/${name}`)

    expect(JSON.parse(answer.text)).toEqual(JSON.parse(golden(role, name).text))
  })
})

test('observers of a leader, but for the packets that are not counted', async () => {
  const answer = await ask(members[0]?.target ?? fakeTarget(), '/commands/observers')

  const wanted = JSON.parse(golden('leader', 'observers').text)
  Object.assign(wanted.observers[0], { packets_received: 0, packets_sent: 0, requests: 0 })
  expect(JSON.parse(answer.text)).toEqual(wanted)
})

test('a learner shows no expiries', async () => {
  const answer = await ask(members[2]?.target ?? fakeTarget(), '/commands/dump')

  expect(answer).toEqual(golden('observer', 'dump'))
})

test('configuration of a member', async () => {
  const base = settingsWith()
  const settings = {
    ...base,
    client: { ...base.client, maxClientCnxns: 60 },
    session: { ...base.session, tickTimeMs: 1000, minTimeoutMs: 2000, maxTimeoutMs: 20_000 },
    storage: { ...base.storage, dataDir: '/data/ens/s2/data', dataLogDir: '/data/ens/s2/data' },
    quorum: { ...base.quorum, standalone: false, serverId: 2 }
  }

  const answer = await ask(fakeTarget({ settings, clientPort: 22020 }), '/commands/conf')

  expect(answer).toEqual(golden('leader', 'configuration'))
})

/** Names and types, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]))
}

import { describe, expect, test } from '@jest/globals'
import { JuteReader, type JuteWriter } from 'jute-ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { CreateMode, EventType, OpCode } from '../../src/protocol/op-code.ts'
import { PeerHarness, requestFrame, type Sent, statOf } from './peer-harness.ts'
import { create, pathAndBool, pathAndVersion, replyOf, setData } from './requests.ts'

function kinds(sent: readonly Sent[]): string[] {
  return sent.map((one) => (one.kind === 'event' ? `event ${one.type} ${one.path}` : `${one.kind}`))
}

describe('writes', () => {
  test('a write is not answered before its transaction is durable', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.autoPersist = false

    const early = harness.request(client, OpCode.create, 1, create('/a'))
    const seen = harness.sent(client).length
    harness.persist()

    expect(early).toEqual([])
    expect(replyOf(harness.sent(client).slice(seen))).toMatchObject({ xid: 1, err: 0, zxid: 2 })
  })

  test('a read behind a write of its own connection waits for it and sees it; another connection does not wait', () => {
    const harness = new PeerHarness()
    const writer = harness.session()
    const reader = harness.session()
    harness.autoPersist = false
    const seen = harness.sent(writer).length

    harness.request(writer, OpCode.create, 1, create('/a'))
    harness.request(writer, OpCode.exists, 2, pathAndBool('/a'))
    const other = harness.request(reader, OpCode.exists, 1, pathAndBool('/a'))
    harness.persist()

    expect(replyOf(other).err).toBe(ErrorCode.NONODE)
    expect(harness.sent(writer).slice(seen)).toMatchObject([
      { kind: 'reply', xid: 1, err: 0 },
      { kind: 'reply', xid: 2, err: 0 }
    ])
  })

  test('writes in flight are checked against those before them', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.autoPersist = false
    const seen = harness.sent(client).length

    harness.request(client, OpCode.create, 1, create('/a'))
    harness.request(client, OpCode.create, 2, create('/a/b'))
    harness.request(client, OpCode.delete, 3, pathAndVersion('/a'))
    harness.request(client, OpCode.setData, 4, setData('/a', 'y', 0))
    harness.request(client, OpCode.setData, 5, setData('/a', 'z', 0))
    harness.persist()

    expect(harness.sent(client).slice(seen)).toMatchObject([
      { xid: 1, err: 0 },
      { xid: 2, err: 0 },
      { xid: 3, err: ErrorCode.NOTEMPTY },
      { xid: 4, err: 0 },
      { xid: 5, err: ErrorCode.BADVERSION }
    ])
  })

  test('a failed write uses up a zxid; one that cannot be parsed does not', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const failed = replyOf(harness.request(client, OpCode.create, 1, create('/missing/a')))
    const broken = replyOf(harness.request(client, OpCode.create, 2, (writer) => writer.writeInt(100)))
    const next = replyOf(harness.request(client, OpCode.create, 3, create('/a')))

    expect(failed).toMatchObject({ err: ErrorCode.NONODE, zxid: 2 })
    expect(broken).toMatchObject({ err: ErrorCode.MARSHALLINGERROR, zxid: 2 })
    expect(next).toMatchObject({ err: 0, zxid: 3 })
  })

  test.each([
    { type: OpCode.create, flags: 9, err: ErrorCode.BADARGUMENTS },
    { type: OpCode.create, flags: -1, err: ErrorCode.BADARGUMENTS },
    { type: OpCode.create, flags: CreateMode.persistentWithTtl, err: ErrorCode.BADARGUMENTS },
    { type: OpCode.create, flags: CreateMode.container, err: 0 },
    { type: OpCode.createContainer, flags: CreateMode.ephemeral, err: 0 }
  ])('create of type $type with flags $flags answers $err', ({ type, flags, err }) => {
    const harness = new PeerHarness()
    const client = harness.session()

    expect(replyOf(harness.request(client, type, 1, create('/a', flags))).err).toBe(err)
  })

  test('TTL requests are unimplemented while extended types are off, and the connection stays open', () => {
    const harness = new PeerHarness({ extendedTypesEnabled: false })
    const client = harness.session()
    const ttl = (writer: JuteWriter): void => {
      create('/t', CreateMode.persistentWithTtl)(writer)
      writer.writeInt64(0, 1000)
    }

    const sent = harness.request(client, OpCode.createTTL, 1, ttl)

    expect(sent).toMatchObject([{ kind: 'reply', err: ErrorCode.UNIMPLEMENTED, zxid: 2 }])
  })

  test('a createTTL with plain flags and a negative ttl, which stops a 3.9.5 server, is refused', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const sent = harness.request(client, OpCode.createTTL, 1, (writer) => {
      create('/t')(writer)
      writer.writeInt64(-1, -1)
    })

    expect(replyOf(sent).err).toBe(ErrorCode.BADARGUMENTS)
  })

  test('sequence numbers count every create under the parent', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/p'))
    const pathOf = (flags: number, path: string): string | null =>
      new JuteReader().reset(replyOf(harness.request(client, OpCode.create, 2, create(path, flags))).body).readString()

    const paths = [
      pathOf(CreateMode.persistentSequential, '/p/a-'),
      pathOf(CreateMode.persistent, '/p/plain'),
      pathOf(CreateMode.ephemeralSequential, '/p/b-'),
      pathOf(CreateMode.persistentSequential, '/p/')
    ]

    expect(paths).toEqual(['/p/a-0000000000', '/p/plain', '/p/b-0000000002', '/p/0000000003'])
  })

  test('the digest in each transaction is that of the tree after it', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    const before = harness.txns.length

    harness.request(client, OpCode.create, 1, create('/a'))
    harness.request(client, OpCode.create, 2, create('/a/e', CreateMode.ephemeral))
    harness.request(client, OpCode.setData, 3, setData('/a', 'long enough to matter'))
    harness.request(client, OpCode.delete, 4, pathAndVersion('/a/e'))
    harness.request(client, OpCode.setData, 5, setData('/', 'root'))
    harness.request(client, OpCode.create, 6, create('/c', CreateMode.container))

    expect(harness.txns.length - before).toBe(6)
    expect(harness.logged).toEqual([])
    expect(harness.txns.at(-1)?.digest).toMatchObject({
      treeDigestHi: harness.tree.digestHi,
      treeDigestLo: harness.tree.digestLo
    })
  })
})

describe('multi', () => {
  const header = (writer: JuteWriter, type: number, done = false): void => {
    writer.writeInt(type)
    writer.writeBool(done)
    writer.writeInt(-1)
  }
  const multi = (operations: readonly (readonly [number, (writer: JuteWriter) => void])[]) => (writer: JuteWriter) => {
    for (const [type, write] of operations) {
      header(writer, type)
      write(writer)
    }
    header(writer, -1, true)
  }

  test('its operations see each other, share one zxid, and the digest is right', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const sent = harness.request(
      client,
      OpCode.multi,
      1,
      multi([
        [OpCode.create, create('/d')],
        [OpCode.create, create('/d/e')],
        [OpCode.delete, pathAndVersion('/d/e')],
        [OpCode.setData, setData('/d', 'y')],
        [OpCode.check, pathAndVersion('/d', 1)]
      ])
    )

    expect(replyOf(sent)).toMatchObject({ err: 0, zxid: 2 })
    expect(harness.tree.find('/d')).not.toBe(-1)
    expect(harness.tree.find('/d/e')).toBe(-1)
    expect(harness.logged).toEqual([])
  })

  test('when one fails nothing is applied, later requests do not see it, and each result says where', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const sent = harness.request(
      client,
      OpCode.multi,
      1,
      multi([
        [OpCode.create, create('/d')],
        [OpCode.delete, pathAndVersion('/missing')],
        [OpCode.create, create('/e')]
      ])
    )
    const exists = harness.request(client, OpCode.exists, 2, pathAndBool('/d'))
    const again = harness.request(client, OpCode.create, 3, create('/d'))

    const reader = new JuteReader().reset(replyOf(sent).body)
    const errors = [0, 1, 2].map(() => {
      const type = reader.readInt()
      reader.readBool()
      const err = reader.readInt()
      return { type, err, body: reader.readInt() }
    })
    expect(replyOf(sent).err).toBe(0)
    expect(errors).toEqual([
      { type: -1, err: 0, body: 0 },
      { type: -1, err: ErrorCode.NONODE, body: ErrorCode.NONODE },
      { type: -1, err: ErrorCode.RUNTIMEINCONSISTENCY, body: ErrorCode.RUNTIMEINCONSISTENCY }
    ])
    expect(replyOf(exists).err).toBe(ErrorCode.NONODE)
    expect(replyOf(again).err).toBe(0)
    expect(harness.logged).toEqual([])
  })

  test.each([
    ['an unknown type', [[99, () => undefined]]],
    ['a read', [[OpCode.getData, pathAndBool('/')]]],
    ['a null path', [[OpCode.create, create(null)]]],
    ['flags out of range', [[OpCode.create, create('/a', 7)]]]
  ] as const)('%s makes the whole request fail, and uses up a zxid', (_what, operations) => {
    const harness = new PeerHarness()
    const client = harness.session()

    const sent = harness.request(client, OpCode.multi, 1, multi(operations))

    expect(replyOf(sent)).toMatchObject({ err: ErrorCode.MARSHALLINGERROR, zxid: 2 })
    expect(replyOf(sent).body.length).toBe(0)
  })
})

describe('watches', () => {
  test('the event comes before the reply that shows the change, on every connection', () => {
    const harness = new PeerHarness()
    const watcher = harness.session()
    const writer = harness.session()
    harness.request(watcher, OpCode.exists, 1, pathAndBool('/a', true))
    harness.request(writer, OpCode.exists, 1, pathAndBool('/a', true))
    const seen = harness.sent(watcher).length

    const own = harness.request(writer, OpCode.create, 2, create('/a'))
    harness.request(watcher, OpCode.exists, 2, pathAndBool('/a'))

    expect(kinds(own)).toEqual([`event ${EventType.nodeCreated} /a`, 'reply'])
    expect(kinds(harness.sent(watcher).slice(seen))).toEqual([`event ${EventType.nodeCreated} /a`, 'reply'])
  })

  test('an event is withheld from a connection that may not read the znode, and the watch is used up', () => {
    const harness = new PeerHarness()
    const watcher = harness.session()
    const writer = harness.session()
    const secret = [
      { perms: 31, scheme: 'digest', id: 'a:b' },
      { perms: 2, scheme: 'world', id: 'anyone' }
    ]
    harness.request(watcher, OpCode.exists, 1, pathAndBool('/s', true))
    const seen = harness.sent(watcher).length

    harness.request(writer, OpCode.create, 1, create('/s', 0, 'x', secret))
    harness.request(writer, OpCode.setData, 2, setData('/s', 'y'))

    expect(harness.sent(watcher).slice(seen)).toEqual([])
    expect(harness.peer.state.watches.counts.watches).toBe(0)
  })

  test('setWatches tells what happened while the client was away, with zxid -1, and re-sets the rest', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/a'))
    harness.request(client, OpCode.create, 2, create('/b'))
    const zxid = replyOf(harness.request(client, OpCode.setData, 3, setData('/b', 'y'))).zxid

    const sent = harness.request(client, OpCode.setWatches, -8, (writer) => {
      writer.writeInt64(0, zxid - 1)
      for (const list of [['/a', '/b', '/gone'], ['/new'], ['/a']]) {
        writer.writeInt(list.length)
        for (const path of list) writer.writeString(path)
      }
    })

    expect(sent).toMatchObject([
      { kind: 'event', type: EventType.nodeDataChanged, path: '/b', zxid: -1 },
      { kind: 'event', type: EventType.nodeDeleted, path: '/gone', zxid: -1 },
      { kind: 'reply', xid: -8, err: 0 }
    ])
    expect(harness.peer.state.watches.counts.watchesInBothTables).toBe(3)
  })
})

describe('sessions', () => {
  const idOf = (frame: Sent | undefined): { id: bigint; password: Uint8Array; timeoutMs: number } => {
    if (frame?.kind !== 'frame') throw new Error('no ConnectResponse')
    const reader = new JuteReader().reset(frame.body)
    reader.readInt()
    const timeoutMs = reader.readInt()
    return { timeoutMs, id: reader.readLong(), password: reader.readBuffer() ?? new Uint8Array() }
  }

  test.each([
    { asked: 1, given: 4000 },
    { asked: -5, given: 4000 },
    { asked: 100_000_000, given: 40000 },
    { asked: 12345, given: 12345 }
  ])('a timeout of $asked ms is negotiated to $given', ({ asked, given }) => {
    const harness = new PeerHarness()
    const client = harness.session(asked)

    expect(idOf(harness.sent(client)[0]).timeoutMs).toBe(given)
  })

  test('the readOnly byte is in the response exactly if it was in the request', () => {
    const harness = new PeerHarness()
    const [without, withByte] = [harness.open(), harness.open()]
    harness.connect(without)
    harness.connect(withByte, { readOnly: false })

    expect((harness.sent(without)[0] as { body: Buffer }).body.length).toBe(36)
    expect((harness.sent(withByte)[0] as { body: Buffer }).body.length).toBe(37)
  })

  test('a session expires with its ephemerals in one transaction, and its connection is closed without a word', () => {
    const harness = new PeerHarness()
    const client = harness.session(4000)
    const watcher = harness.session(40000)
    harness.request(client, OpCode.create, 1, create('/e', CreateMode.ephemeral))
    harness.request(watcher, OpCode.exists, 1, pathAndBool('/e', true))
    const seen = harness.sent(watcher).length

    harness.advance(6500)

    expect(harness.sent(client).at(-1)).toEqual({ kind: 'closed', reason: 'SESSION_EXPIRED' })
    expect(kinds(harness.sent(watcher).slice(seen))).toEqual([`event ${EventType.nodeDeleted} /e`])
    expect(harness.txns.at(-1)?.body).toMatchObject({ kind: 'closeSession', paths: ['/e'] })
    expect(harness.tree.find('/e')).toBe(-1)
  })

  test('a ping keeps a session alive and is answered with xid -2, whatever was sent', () => {
    const harness = new PeerHarness()
    const client = harness.session(4000)
    for (let round = 0; round < 5; round++) {
      harness.advance(2000)
      expect(replyOf(harness.request(client, OpCode.ping, 0))).toMatchObject({ xid: -2, err: 0 })
    }

    expect(harness.sent(client).some((one) => one.kind === 'closed')).toBe(false)
  })

  test('closing names ephemerals whose creation is still in flight, not those whose deletion is', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/old', CreateMode.ephemeral))
    harness.autoPersist = false
    harness.request(client, OpCode.create, 2, create('/new', CreateMode.ephemeral))
    harness.request(client, OpCode.delete, 3, pathAndVersion('/old'))
    harness.request(client, OpCode.closeSession, 4)
    harness.persist()

    expect(harness.txns.at(-1)?.body).toMatchObject({ kind: 'closeSession', paths: ['/new'] })
    expect(harness.sent(client).slice(-2)).toMatchObject([
      { kind: 'reply', xid: 4, err: 0 },
      { kind: 'closed', reason: 'CLIENT_CLOSED_SESSION' }
    ])
    expect(harness.logged).toEqual([])
  })

  test('a session is resumed on a new connection with its password, and the old connection is closed', () => {
    const harness = new PeerHarness()
    const old = harness.session()
    const { id, password } = idOf(harness.sent(old)[0])
    const fresh = harness.open()

    harness.connect(fresh, { sessionId: id, password, timeoutMs: 8000 })

    expect(idOf(harness.sent(fresh)[0])).toMatchObject({ id, timeoutMs: 8000 })
    expect(harness.sent(old).at(-1)).toEqual({ kind: 'closed', reason: 'CLIENT_RECONNECT' })
    expect(replyOf(harness.request(fresh, OpCode.create, 1, create('/e', CreateMode.ephemeral))).err).toBe(0)
  })

  test('a wrong password is answered by zeros and a close', () => {
    const harness = new PeerHarness()
    const { id } = idOf(harness.sent(harness.session())[0])
    const fresh = harness.open()

    harness.connect(fresh, { sessionId: id, password: new Uint8Array(16) })

    expect(idOf(harness.sent(fresh)[0])).toMatchObject({ id: 0n, timeoutMs: 0 })
    expect(harness.sent(fresh).at(-1)).toMatchObject({ kind: 'closed' })
  })

  test('a client that has seen a later zxid than this server is closed without a word', () => {
    const harness = new PeerHarness()
    const client = harness.open()

    harness.connect(client, { lastZxid: 1000 })

    expect(harness.sent(client)).toEqual([{ kind: 'closed', reason: 'CLIENT_ZXID_AHEAD' }])
  })

  test('requests sent with the ConnectRequest are taken once the session is there', () => {
    const harness = new PeerHarness()
    const client = harness.open()
    harness.autoPersist = false
    harness.connect(client)
    harness.frame(client, requestFrame(OpCode.create, 1, create('/early')))
    harness.frame(client, requestFrame(OpCode.exists, 2, pathAndBool('/early')))
    harness.autoPersist = true
    harness.persist()

    expect(harness.sent(client)).toMatchObject([
      { kind: 'frame' },
      { kind: 'reply', xid: 1, err: 0 },
      { kind: 'reply', xid: 2, err: 0 }
    ])
  })

  test('a stall of the process expires nobody', () => {
    const harness = new PeerHarness()
    const client = harness.session(4000)
    harness.nowMs += 60_000
    const lateTick = (peer: PeerHarness): void => peer.advanceLate(60_000)

    lateTick(harness)

    expect(replyOf(harness.request(client, OpCode.ping, -2)).err).toBe(0)
  })
})

describe('containers and TTL znodes', () => {
  test('a candidate that was replaced by a plain znode before its turn is left alone', () => {
    const harness = new PeerHarness({ containerCheckIntervalMs: 1000, containerMaxPerMinute: 60 })
    const client = harness.session(40000)
    for (const path of ['/c1', '/c2', '/c3']) {
      harness.request(client, OpCode.createContainer, 1, create(path, CreateMode.container))
      harness.request(client, OpCode.create, 2, create(`${path}/child`))
      harness.request(client, OpCode.delete, 3, pathAndVersion(`${path}/child`))
    }
    harness.advance(1000)
    for (const path of ['/c1', '/c2', '/c3']) {
      harness.request(client, OpCode.delete, 4, pathAndVersion(path))
      harness.request(client, OpCode.create, 5, create(path, CreateMode.persistent))
    }

    harness.advance(10000)

    expect(['/c1', '/c2', '/c3'].map((path) => harness.tree.find(path))).not.toContain(-1)
  })

  test('an empty container that had a child is deleted, and a TTL znode when its time is over', () => {
    const harness = new PeerHarness({ containerCheckIntervalMs: 1000 })
    const client = harness.session(40000)
    harness.request(client, OpCode.createContainer, 1, create('/c', CreateMode.container))
    harness.request(client, OpCode.create, 2, create('/c/child'))
    harness.request(client, OpCode.delete, 3, pathAndVersion('/c/child'))
    harness.request(client, OpCode.createTTL, 4, (writer) => {
      create('/t', CreateMode.persistentWithTtl)(writer)
      writer.writeInt64(0, 5000)
    })
    const before = harness.tree.find('/t')

    harness.advance(3000)
    const [container, early] = [harness.tree.find('/c'), harness.tree.find('/t')]
    harness.advance(4000)

    expect(container).toBe(-1)
    expect(early).toBe(before)
    expect(harness.tree.find('/t')).toBe(-1)
  })
})

describe('requests that are not served', () => {
  test.each([0, -1, 10, 13, 23, 99, 12345])(
    'type %i is UNIMPLEMENTED with zxid -1, then the connection closes',
    (type) => {
      const harness = new PeerHarness()
      const client = harness.session()

      const sent = harness.request(client, type, 7)

      expect(sent).toMatchObject([
        { kind: 'reply', xid: 7, err: ErrorCode.UNIMPLEMENTED, zxid: -1 },
        { kind: 'closed', reason: 'UNIMPLEMENTED' }
      ])
    }
  )

  test.each([
    { enabled: false, err: ErrorCode.RECONFIGDISABLED },
    { enabled: true, err: ErrorCode.UNIMPLEMENTED }
  ])('reconfig with reconfigEnabled=$enabled answers $err', ({ enabled, err }) => {
    const harness = new PeerHarness({ reconfigEnabled: enabled })
    const client = harness.session()

    const sent = harness.request(client, OpCode.reconfig, 1, (writer) => {
      for (let index = 0; index < 3; index++) writer.writeString(null)
      writer.writeInt64(-1, -1)
    })

    expect(replyOf(sent)).toMatchObject({ err, zxid: 2 })
  })

  test('a wrong auth scheme is answered with AUTHFAILED, then the connection closes', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const sent = harness.request(client, OpCode.auth, -4, (writer) => {
      writer.writeInt(0)
      writer.writeString('nope')
      writer.writeBuffer(Buffer.from('x'))
    })

    expect(sent).toMatchObject([
      { kind: 'reply', xid: -4, zxid: 0, err: ErrorCode.AUTHFAILED },
      { kind: 'closed', reason: 'AUTH_FAILED' }
    ])
  })
})

describe('the scheme ensemble', () => {
  const ask = (name: string) => {
    const harness = new PeerHarness({}, { ensembleNames: ['ours'] })
    return harness.request(harness.session(), OpCode.auth, -4, (writer) => {
      writer.writeInt(0)
      writer.writeString('ensemble')
      writer.writeBuffer(Buffer.from(name))
    })
  }

  test('closes the connection without a word for a client that wants another ensemble, so that it tries the next server', () => {
    expect(ask('theirs')).toMatchObject([{ kind: 'closed', reason: 'FAILED_HANDSHAKE' }])
  })

  test('lets in who wants this one', () => {
    expect(ask('ours')).toMatchObject([{ kind: 'reply', xid: -4, err: ErrorCode.OK }])
  })
})

describe('limits', () => {
  test('above globalOutstandingLimit a connection with a request outstanding is not read from until it is answered', () => {
    const harness = new PeerHarness({ globalOutstandingLimit: 2 })
    const client: ConnectionId = harness.session()
    harness.autoPersist = false
    for (let xid = 1; xid <= 3; xid++) harness.frame(client, requestFrame(OpCode.create, xid, create(`/n${xid}`)))
    const wasPaused = harness.paused.has(client)
    harness.persist()

    expect(wasPaused).toBe(true)
    expect(harness.paused.has(client)).toBe(false)
  })
})

describe('snapshots', () => {
  test('one is begun after snapCount transactions at most, and holds the tree as it was then', () => {
    const harness = new PeerHarness({ snapCount: 10 })
    const client = harness.session()
    for (let xid = 1; xid <= 12; xid++) harness.request(client, OpCode.create, xid, create(`/n${xid}`))
    const nodeCount = harness.tree.nodeCount
    const isWriting = harness.peer.isWritingSnapshot

    for (let index = 0; index < 3; index++)
      harness.request(client, OpCode.setData, 100, setData('/n1', `later ${index}`))
    for (let pulls = 0; harness.snapshotSummary === null && pulls < 1000; pulls++) harness.pullSnapshot(64)

    expect(isWriting).toBe(true)
    expect(harness.snapshotSummary?.nodeCount).toBeLessThanOrEqual(nodeCount)
    expect(Buffer.concat(harness.snapshotChunks).includes('later')).toBe(false)
  })
})

test('a Stat reply is the one of the znode', () => {
  const harness = new PeerHarness()
  const client = harness.session()
  harness.request(client, OpCode.create, 1, create('/a', 0, 'abc'))

  const stat = statOf(replyOf(harness.request(client, OpCode.getData, 2, pathAndBool('/a'))).body)

  expect(stat).toMatchObject({ czxidLo: 2, mzxidLo: 2, pzxidLo: 2, version: 0, dataLength: 3, numChildren: 0 })
})

import { describe, expect, test } from '@jest/globals'
import { CreateMode, OpCode } from '../../../src/protocol/op-code.ts'
import { PeerHarness } from '../peer-harness.ts'
import { create, pathAndVersion } from '../requests.ts'

const AUDIT = { audit: { serverUser: 'zookeeper' } }

describe('the audit trail', () => {
  test('is not kept unless it is asked for', () => {
    const peer = new PeerHarness()
    const client = peer.session()

    peer.request(client, OpCode.create, 1, create('/a', CreateMode.ephemeral))
    peer.request(client, OpCode.closeSession, 2)

    expect(peer.audited).toEqual([])
  })

  test('has a write when it is applied, not before it is durable', () => {
    const peer = new PeerHarness(AUDIT)
    const client = peer.session()
    peer.autoPersist = false

    peer.request(client, OpCode.create, 1, create('/a'))
    const before = [...peer.audited]
    peer.persist()

    expect(before).toEqual([])
    expect(peer.audited).toEqual([
      expect.objectContaining({
        operation: 'create',
        znode: '/a',
        user: '127.0.0.1',
        ip: '127.0.0.1',
        result: 'success'
      })
    ])
  })

  test('has the outcome of a write whose client is gone', () => {
    const peer = new PeerHarness(AUDIT)
    const client = peer.session()
    peer.autoPersist = false

    peer.request(client, OpCode.delete, 1, pathAndVersion('/none'))
    peer.disconnect(client)
    peer.persist()

    expect(peer.audited).toEqual([
      expect.objectContaining({ operation: 'delete', znode: '/none', ip: '127.0.0.1', result: 'failure' })
    ])
  })

  test('names the server for the ephemerals of a session that expires, and the session', () => {
    const peer = new PeerHarness(AUDIT)
    const client = peer.session(4000)
    peer.request(client, OpCode.create, 1, create('/e', CreateMode.ephemeral))
    const session = peer.audited[0]?.session
    peer.disconnect(client)

    peer.advance(8000)

    expect(session).toMatch(/^0x[0-9a-f]+$/)
    expect(peer.audited.slice(1)).toEqual([
      {
        session,
        user: 'zookeeper',
        ip: null,
        operation: 'ephemeralZNodeDeletionOnSessionCloseOrExpire',
        znode: '/e',
        znodeType: null,
        acl: null,
        result: 'success'
      }
    ])
  })

  test('leaves out what the server reaps', () => {
    const peer = new PeerHarness({ ...AUDIT, containerCheckIntervalMs: 500 })
    const client = peer.session()
    peer.request(client, OpCode.createContainer, 1, create('/c', CreateMode.container))
    peer.request(client, OpCode.create, 2, create('/c/1'))
    peer.request(client, OpCode.delete, 3, pathAndVersion('/c/1'))

    peer.advance(3000)

    expect(peer.tree.find('/c')).toBe(-1)
    expect(peer.audited.map(({ operation }) => operation)).toEqual(['create', 'create', 'delete'])
  })
})

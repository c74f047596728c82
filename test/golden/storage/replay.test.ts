import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Stat, StatPersisted } from '../../../src/protocol/generated/data.ts'
import { toBigInt } from '../../../src/protocol/int64.ts'
import { emptyStat } from '../../../src/core/tree/empty-stat.ts'
import { decodeBytes, digestOf, encodeBytes, newTree, snapshotOf } from '../../core/tree/tree-support.ts'
import {
  type DecodedLog,
  type DecodedSnapshot,
  type DecodedStat,
  type ExpectedTree,
  fixtureBytes,
  fixtureJson,
  logRecords
} from './fixture.ts'

const SNAPSHOT_FILE_HEADER_BYTES = 16

function plainStat(stat: StatPersisted): DecodedStat {
  return {
    czxid: String(toBigInt(stat.czxidHi, stat.czxidLo)),
    mzxid: String(toBigInt(stat.mzxidHi, stat.mzxidLo)),
    ctime: String(toBigInt(stat.ctimeHi, stat.ctimeLo)),
    mtime: String(toBigInt(stat.mtimeHi, stat.mtimeLo)),
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: String(toBigInt(stat.ephemeralOwnerHi, stat.ephemeralOwnerLo)),
    pzxid: String(toBigInt(stat.pzxidHi, stat.pzxidLo))
  }
}

function hex(data: Uint8Array | null): string | null {
  return data === null ? null : Buffer.from(data).toString('hex')
}

const LOGS = ['plain/log.1', 'plain/log.25', 'nodigest/log.1', 'nodigest/log.25']

describe.each(LOGS)('the log %s of a 3.9.5 server', (name) => {
  const records = logRecords(fixtureBytes(name))

  test('has as many records as the independent decoder found', () => {
    expect(records).toHaveLength(fixtureJson<DecodedLog>(name).txns.length)
  })

  test('comes out byte for byte after decoding and encoding', () => {
    const again = records.map((record) => encodeBytes(decodeBytes(record)))

    expect(again.map((record) => record.toString('hex'))).toEqual(records.map((record) => record.toString('hex')))
  })
})

describe('replay of plain/log.1 over a fresh tree', () => {
  const txns = logRecords(fixtureBytes('plain/log.1')).map(decodeBytes)
  const expected = fixtureJson<DecodedLog>('plain/log.1')
  let tree = newTree()

  beforeEach(() => {
    tree = newTree()
  })

  test('gives the digest that each transaction carries', () => {
    const digests = txns.map((txn) => {
      tree.apply(txn, null)
      return txn.digest === null ? undefined : { treeDigest: String(digestOf(tree)) }
    })

    expect(digests).toEqual(
      expected.txns.map(({ decoded: { digest } }) => digest && { treeDigest: digest.treeDigest })
    )
    expect(digests.filter((digest) => digest !== undefined).length).toBeGreaterThan(25)
  })

  test('ends with every node as a client of the server read it', () => {
    const seen = fixtureJson<ExpectedTree>('plain/expected-tree-before-restart')

    for (const txn of txns) tree.apply(txn, null)

    const actual = Object.fromEntries(
      Object.keys(seen).map((path) => {
        const node = tree.find(path)
        const stat: Stat = tree.shownStat(node)
        const { dataLength, numChildren } = stat
        return [path, { data: hex(tree.data(node)), stat: { ...plainStat(stat), dataLength, numChildren }, acl: tree.acl(node) }]
      })
    )
    expect(actual).toEqual(seen)
    expect(Object.keys(seen).length).toBe(tree.nodeCount)
  })

  test('twice over changes nothing but what only goes forward', () => {
    for (const txn of txns) tree.apply(txn, null)
    const digest = digestOf(tree)
    const count = tree.nodeCount

    for (const txn of txns) tree.apply(txn, null)

    expect(tree.nodeCount).toBe(count)
    expect(digestOf(tree)).toBe(digest)
  })

  test('with the log of the second run ends as the snapshot and that log do', () => {
    for (const txn of txns) tree.apply(txn, null)
    const fromSnapshot = newTree()
    fromSnapshot.loadSnapshot(0, 0x24).push(fixtureBytes('plain/snapshot.24').subarray(SNAPSHOT_FILE_HEADER_BYTES))

    for (const txn of logRecords(fixtureBytes('plain/log.25')).map(decodeBytes)) {
      tree.apply(txn, null)
      fromSnapshot.apply(txn, null)
    }

    expect(digestOf(tree)).toBe(digestOf(fromSnapshot))
    expect(tree.nodeCount).toBe(fromSnapshot.nodeCount)
    expect(tree.approximateDataSize).toBe(fromSnapshot.approximateDataSize)
  })
})

describe.each(['plain/snapshot.0', 'plain/snapshot.24', 'nodigest/snapshot.24'])('the snapshot %s of a 3.9.5 server', (name) => {
  const json = fixtureJson<DecodedSnapshot & { readonly computedTreeDigest: string }>(name)
  const stream = fixtureBytes(name).subarray(SNAPSHOT_FILE_HEADER_BYTES)
  let tree = newTree()

  beforeEach(() => {
    tree = newTree()
  })

  test('loads, and ends where its first seal begins', () => {
    const loader = tree.loadSnapshot(0, 0x24)

    const taken = loader.push(stream)

    expect(loader.done).toBe(true)
    expect(stream.readBigInt64BE(taken)).toBeGreaterThan(0n) // Adler-32
    expect(stream.subarray(taken + 8, taken + 13).toString('hex')).toBe('000000012f')
    expect(loader.sessions.map((one) => ({ id: String(toBigInt(one.idHi, one.idLo)), timeout: one.timeoutMs }))).toEqual(
      json.sessions
    )
  })

  test('gives the digest of the tree and of each node', () => {
    tree.loadSnapshot(0, 0x24).push(stream)

    const digests = json.nodes.map(({ path }) => ({ path, nodeDigest: tree.nodeDigest(tree.find(path)) }))
    expect(digests).toEqual(json.nodes.map(({ path, nodeDigest }) => ({ path, nodeDigest })))
    expect(String(digestOf(tree))).toBe(json.computedTreeDigest)
  })

  test('gives nodes with the stored data, stat and ACL', () => {
    tree.loadSnapshot(0, 0x24).push(stream)

    const nodes = json.nodes.map(({ path }) => {
      const node = tree.find(path)
      const stat = emptyStat()
      tree.readStat(node, stat)
      return { path, data: hex(tree.data(node)), aclId: String(tree.aclKey(node)), stat: plainStat(stat) }
    })
    expect(nodes).toEqual(json.nodes.map(({ path, data, aclId, stat }) => ({ path, data, aclId, stat })))
  })

  test('comes out with the same nodes when it is written again', () => {
    const loader = tree.loadSnapshot(0, 0x24)
    const taken = loader.push(stream)

    const written = snapshotOf(tree, loader.sessions)

    expect(written).toHaveLength(taken)
    const again = newTree()
    again.loadSnapshot(0, 0x24).push(written)
    expect(digestOf(again)).toBe(digestOf(tree))
    expect(written.subarray(-5).toString('hex')).toBe('000000012f')
  })
})

import { describe, expect, test } from '@jest/globals'
import type { DataTree } from '../../../src/core/tree/data-tree.ts'
import { toBigInt } from '../../../src/protocol/int64.ts'
import type { Txn } from '../../../src/protocol/txn.ts'
import { decodeBytes, digestOf, encodeBytes, newTree } from '../../core/tree/tree-support.ts'
import { fixtureBytes, logRecords } from './fixture.ts'

const SNAPSHOT_FILE_HEADER_BYTES = 16

function digestIn(txn: Txn): bigint | null {
  return txn.digest === null ? null : toBigInt(txn.digest.treeDigestHi, txn.digest.treeDigestLo)
}

/** A line for each node, as RandomHistory.java prints them. */
function linesOf(tree: DataTree): string[] {
  const lines: string[] = []
  const visit = (path: string): void => {
    const node = tree.find(path)
    const data = tree.data(node)
    const s = tree.shownStat(node)
    const stat = [
      ...[toBigInt(s.czxidHi, s.czxidLo), toBigInt(s.mzxidHi, s.mzxidLo)],
      ...[toBigInt(s.ctimeHi, s.ctimeLo), toBigInt(s.mtimeHi, s.mtimeLo)],
      ...[s.version, s.cversion, s.aversion, toBigInt(s.ephemeralOwnerHi, s.ephemeralOwnerLo)],
      ...[s.dataLength, s.numChildren, toBigInt(s.pzxidHi, s.pzxidLo)]
    ]
    const acl = tree.acl(node).map(({ perms, id }) => `${perms}:${id.scheme}:${id.id}`)
    lines.push(
      [path, data === null ? 'null' : Buffer.from(data).toString('hex'), stat.join(','), acl.join(' ')].join('\t')
    )
    for (const name of tree.children(node)) visit(path === '/' ? `/${name}` : `${path}/${name}`)
  }
  visit('/')
  return lines
}

describe('two thousand random requests to a 3.9.5 server', () => {
  const records = logRecords(fixtureBytes('random/log.1'))
  const txns = records.map(decodeBytes)

  test('are logged in bytes that decoding and encoding gives again', () => {
    expect(txns.map((txn) => encodeBytes(txn).toString('hex'))).toEqual(records.map((record) => record.toString('hex')))
    expect(new Set(txns.map(({ header }) => header.type))).toEqual(
      new Set([-11, -10, -1, 1, 2, 5, 7, 14, 15, 19, 21])
    )
  })

  test('give each digest that was logged, and every node as a client read it, totals of quotas included', () => {
    const tree = newTree()

    const digests = txns.map((txn) => {
      tree.apply(txn, null)
      return txn.digest === null ? null : digestOf(tree)
    })

    expect(digests).toEqual(txns.map(digestIn))
    expect(linesOf(tree).sort()).toEqual(fixtureBytes('random/tree.txt').toString('utf8').trimEnd().split('\n').sort())
  })
})

describe('a snapshot that a 3.9.5 server wrote while it went on writing', () => {
  const NAME_ZXID = 0x12cd
  const file = fixtureBytes('fuzzy/snapshot.12cd')
  const later = ['fuzzy/log.1248', 'fuzzy/log.12d1']
    .flatMap((name) => logRecords(fixtureBytes(name)))
    .map(decodeBytes)
    .filter(({ header }) => header.zxidLo > NAME_ZXID)

  test('becomes right when the log is replayed over it, up to its digest and beyond', () => {
    const tree = newTree()
    const stream = file.subarray(SNAPSHOT_FILE_HEADER_BYTES)
    const digestOffset = tree.loadSnapshot(0, NAME_ZXID).push(stream) + 13 // behind the first seal
    const digestZxid = Number(stream.readBigInt64BE(digestOffset))
    const loadedDigest = digestOf(tree)

    let atDigestZxid: bigint | null = null
    const afterwards = later.map((txn) => {
      tree.apply(txn, null)
      if (txn.header.zxidLo === digestZxid) atDigestZxid = digestOf(tree)
      return txn.header.zxidLo <= digestZxid || txn.digest === null ? null : digestOf(tree)
    })

    expect(digestZxid).toBeGreaterThan(NAME_ZXID)
    expect(atDigestZxid).toBe(stream.readBigInt64BE(digestOffset + 12))
    expect(atDigestZxid).not.toBe(loadedDigest)
    expect(afterwards).toEqual(later.map((txn) => (txn.header.zxidLo <= digestZxid ? null : digestIn(txn))))
    expect(afterwards.length).toBeGreaterThan(60)
  })
})

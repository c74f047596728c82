import { JuteReader, JuteWriter } from 'jute-ts'
import type { DataTree } from '../../../src/core/tree/data-tree.ts'
import { emptyStat } from '../../../src/core/tree/empty-stat.ts'
import { PlainTree } from '../../../src/core/tree/plain-tree.ts'
import type { SnapshotSession } from '../../../src/core/tree/snapshot.ts'
import { toBigInt } from '../../../src/protocol/int64.ts'
import { decodeTxn, encodeTxn, type Txn, type TxnBody } from '../../../src/protocol/txn.ts'
import { bodyType } from '../../../src/protocol/txn-body.ts'
import { nodeHash } from '../../golden/storage/fixture.ts'

export const OPEN = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

export function newTree(options = { digestEnabled: true, extendedTypesEnabled: true }): PlainTree {
  return new PlainTree(nodeHash, options)
}

export interface TxnFields {
  readonly zxid: number
  readonly timeMs?: number
  readonly session?: number
}

/** A transaction with small numbers in its header and no digest. */
export function txnOf(body: TxnBody, { zxid, timeMs = 1000 + zxid, session = 1 }: TxnFields): Txn {
  const header = {
    clientIdHi: 0,
    clientIdLo: session,
    cxid: 0,
    zxidHi: 0,
    zxidLo: zxid,
    timeHi: 0,
    timeLo: timeMs,
    type: bodyType(body)
  }
  return { header, body, digest: null }
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

type Creation = Partial<Omit<Extract<TxnBody, { kind: 'create' }>, 'kind' | 'path'>>

export function create(path: string, fields: Creation = {}): TxnBody {
  const base = {
    type: 1,
    data: bytes(''),
    acl: OPEN,
    mode: 'persistent',
    ttlHi: 0,
    ttlLo: 0,
    parentCversion: -1
  } as const
  return { kind: 'create', path, ...base, ...fields }
}

export function remove(path: string): TxnBody {
  return { kind: 'delete', type: 2, path }
}

export function setData(path: string, text: string, version: number): TxnBody {
  return { kind: 'setData', type: 5, path, data: bytes(text), version }
}

/** Applies bodies one after the other with ascending zxids, from one above the tree's. */
export function applyAll(tree: DataTree, bodies: readonly TxnBody[], fields: Omit<TxnFields, 'zxid'> = {}): void {
  for (const body of bodies) tree.apply(txnOf(body, { ...fields, zxid: tree.lastZxidLo + 1 }), null)
}

export function decodeBytes(raw: Buffer): Txn {
  return decodeTxn(new JuteReader(raw))
}

export function encodeBytes(txn: Txn): Buffer {
  const writer = new JuteWriter()
  encodeTxn(writer, txn)
  return writer.copyBytes()
}

export function digestOf(tree: DataTree): bigint {
  return toBigInt(tree.digestHi, tree.digestLo)
}

/** The whole snapshot stream of the tree as it is. */
export function snapshotOf(tree: DataTree, sessions: Iterable<SnapshotSession> = [], sliceBytes = 1 << 16): Buffer {
  const cursor = tree.openSnapshot(sessions)
  const writer = new JuteWriter()
  while (cursor.next(writer, sliceBytes)) {
    // all of it
  }
  return writer.copyBytes()
}

/** What can be seen of a node. */
export interface NodeView {
  readonly data: string | null
  readonly acl: string
  readonly stat: string
  readonly shown: string
  readonly children: readonly string[]
}

/** Everything that can be seen of a tree, by path, in an order that does not depend on how it came about. */
export function viewOf(tree: DataTree): Map<string, NodeView> {
  const view = new Map<string, NodeView>()
  const visit = (path: string): void => {
    const node = tree.find(path)
    const data = tree.data(node)
    const stat = emptyStat()
    tree.readStat(node, stat)
    const children = [...tree.children(node)].sort()
    view.set(path, {
      data: data === null ? null : Buffer.from(data).toString('hex'),
      acl: JSON.stringify(tree.acl(node)),
      stat: JSON.stringify(stat),
      shown: JSON.stringify(tree.shownStat(node)),
      children
    })
    for (const name of children) visit(path === '/' ? `/${name}` : `${path}/${name}`)
  }
  visit('/')
  return view
}

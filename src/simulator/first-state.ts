import { JuteWriter } from 'jute-ts'
import { highWordOfNumber, lowWordOfNumber } from '../protocol/int64.ts'
import { OpCode } from '../protocol/op-code.ts'
import { encodeTxn } from '../protocol/txn.ts'
import type { Dice } from './dice.ts'
import type { FirstState, StoredTxn } from './disk.ts'
import { ObservedTree, plainNodes, unobserved } from './observed-tree.ts'
import { counterOf } from './zxid.ts'

/** An empty tree, as every server begins with. */
export function emptySnapshot(): Buffer {
  const writer = new JuteWriter(1024)
  const cursor = new ObservedTree(plainNodes(), unobserved).openSnapshot([])
  while (cursor.next(writer, 1 << 20));
  return writer.bytes()
}

/** @param zxid of the snapshot, the end of whose epoch may be near */
export function firstState(dice: Dice, zxid: number): FirstState {
  const bytes = emptySnapshot()
  const tree = new ObservedTree(plainNodes(), unobserved)
  tree.loadSnapshot(highWordOfNumber(zxid), lowWordOfNumber(zxid)).push(bytes)
  const count = Math.min(dice.below(8), 0xffff_ffff - counterOf(zxid))
  const log = Array.from({ length: count }, (_, index) => errorTxn(zxid + 1 + index))
  return { snapshot: { zxid, bytes }, digest: tree.digest, log }
}

function errorTxn(zxid: number): StoredTxn {
  const header = {
    clientIdHi: 0,
    clientIdLo: 1,
    cxid: 0,
    zxidHi: highWordOfNumber(zxid),
    zxidLo: lowWordOfNumber(zxid),
    timeHi: 0,
    timeLo: 0,
    type: OpCode.error
  }
  const writer = new JuteWriter(64)
  encodeTxn(writer, { header, body: { kind: 'error', err: -101 }, digest: null })
  return { zxid, bytes: writer.copyBytes() }
}

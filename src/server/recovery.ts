import { JuteReader, JuteWriter } from 'jute-ts'
import { applyToSessions } from '../core/session/follow-txn.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import type { DataTree } from '../core/tree/data-tree.ts'
import { toHex } from '../protocol/int64.ts'
import { decodeTxn, type Txn } from '../protocol/txn.ts'
import { type Recovery, readSnapshot } from '../storage/recovery.ts'
import type { SnapshotSummary } from '../storage/storage.ts'

/** What recovery found, for the log and metrics. */
export interface RecoveryReport {
  readonly snapshotZxid: string | null
  readonly txnCount: number
  /** Of the transactions, as stored. */
  readonly txnBytes: number
  /**
   * Zxids (hex) of transactions whose digest is not that of the tree they give. The bytes are sound, so this is no
   * damage: an Apache leader, or an older version, computed it wrongly.
   */
  readonly digestMismatches: readonly string[]
  readonly snapshotLoadMs: number
  readonly replayMs: number
}

/** The stored state contradicts itself; serving it would serve wrong data. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError'
  readonly code = 'RECOVERY'
}

/**
 * Nodes for which there is room in the tables at once, of those that a snapshot has: what the log behind it brings is more.
 * perf: a table that grows by a node reads others that are anywhere in memory, which was a fifth of the replay of 80,000 creates.
 */
const ROOM_FOR_LOG = 1.125

/** Is given each replayed transaction, after it was applied; the bytes are a view of a larger piece of the log. */
export type ReplayedTxn = (zxidHi: number, zxidLo: number, bytes: Uint8Array) => void

/**
 * Loads the snapshot into the tree, then replays the log behind it.
 *
 * @param tree as every server begins with
 * @throws RecoveryError, or the errors of the storage and the decoders
 */
export async function recover(
  recovery: Recovery,
  tree: DataTree,
  sessions: SessionTable,
  nowMs: () => number,
  replayed: ReplayedTxn | null = null
): Promise<RecoveryReport> {
  const startMs = nowMs()
  const snapshotZxid = await loadSnapshot(recovery, tree, sessions, nowMs)
  const loadedMs = nowMs()
  const counts = await replay(recovery, tree, sessions, nowMs, replayed)
  adoptOrphans(tree, sessions, nowMs())
  return { snapshotZxid, ...counts, snapshotLoadMs: loadedMs - startMs, replayMs: nowMs() - loadedMs }
}

/**
 * The same for a tree and a session table that hold something else.
 *
 * @param newTree makes a tree as every server begins with, for a store without a snapshot
 */
export async function recoverAnew(
  recovery: Recovery,
  tree: DataTree,
  newTree: () => DataTree,
  sessions: SessionTable,
  nowMs: () => number
): Promise<RecoveryReport> {
  sessions.clear()
  tree.loadSnapshot(0, 0).push(streamOf(newTree()))
  return recover(recovery, tree, sessions, nowMs)
}

async function loadSnapshot(
  recovery: Recovery,
  tree: DataTree,
  sessions: SessionTable,
  nowMs: () => number
): Promise<string | null> {
  if (recovery.snapshot === null) return null
  const atFirst = streamOf(tree)
  const loaded = await readSnapshot(recovery, ({ zxidHi, zxidLo, summary }) =>
    tree.loadSnapshot(zxidHi, zxidLo, Math.ceil(summary.nodeCount * ROOM_FOR_LOG))
  )
  if (loaded === null) {
    // Damaged ones may have left a part of themselves.
    tree.loadSnapshot(0, 0).push(atFirst)
    return null
  }
  const { zxidHi, zxidLo, summary } = loaded.snapshot
  const zxid = toHex(zxidHi, zxidLo)
  if (!loaded.taker.done) throw new RecoveryError(`snapshot 0x${zxid} ends before its last znode`)
  sessions.restore(loaded.taker.sessions, nowMs())
  assertDigest(zxid, summary, tree)
  return zxid
}

function assertDigest(zxid: string, { digestHi, digestLo }: SnapshotSummary, tree: DataTree): void {
  // 0 is what is there while `digest.enabled` is false: then nothing can be compared.
  const isKnown = (digestHi !== 0 || digestLo !== 0) && (tree.digestHi !== 0 || tree.digestLo !== 0)
  if (!isKnown || (digestHi === tree.digestHi && digestLo === tree.digestLo)) return
  throw new RecoveryError(
    `snapshot 0x${zxid}: its tree digest is ${toHex(digestHi, digestLo)}, ` +
      `but the tree it holds has ${toHex(tree.digestHi, tree.digestLo)}`
  )
}

/** A tree without sessions as a snapshot's bytes. */
function streamOf(tree: DataTree): Uint8Array {
  const writer = new JuteWriter()
  const cursor = tree.openSnapshot([])
  cursor.next(writer, Number.MAX_SAFE_INTEGER)
  cursor.close()
  return writer.bytes()
}

async function replay(
  recovery: Recovery,
  tree: DataTree,
  sessions: SessionTable,
  nowMs: () => number,
  replayed: ReplayedTxn | null
): Promise<Pick<RecoveryReport, 'txnCount' | 'txnBytes' | 'digestMismatches'>> {
  const reader = new JuteReader(undefined, Number.MAX_SAFE_INTEGER)
  const digestMismatches: string[] = []
  let txnCount = 0
  let txnBytes = 0
  for await (const batch of recovery.batches()) {
    const body = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength)
    const readMs = nowMs()
    for (let offset = 0; offset < body.length; ) {
      const end = offset + 4 + body.readInt32BE(offset)
      const txn = decodeTxn(reader.reset(body, offset + 4, end))
      tree.apply(txn, null)
      applyToSessions(txn, sessions, readMs)
      if (replayed !== null) replayed(txn.header.zxidHi, txn.header.zxidLo, body.subarray(offset + 4, end))
      if (isDigestWrong(txn, tree)) digestMismatches.push(toHex(txn.header.zxidHi, txn.header.zxidLo))
      offset = end
      txnCount++
    }
    txnBytes += body.length
  }
  return { txnCount, txnBytes, digestMismatches }
}

/** Whether the tree is not what the transaction says that it is afterwards. */
export function isDigestWrong(txn: Txn, tree: DataTree): boolean {
  const { digest } = txn
  if (digest === null || (tree.digestHi === 0 && tree.digestLo === 0)) return false
  return digest.treeDigestHi !== tree.digestHi || digest.treeDigestLo !== tree.digestLo
}

/**
 * Ephemerals of sessions that nobody knows (an imported fuzzy snapshot may have them) get such a session with no
 * timeout to speak of, so that they go the way all ephemerals go.
 */
function adoptOrphans(tree: DataTree, sessions: SessionTable, nowMs: number): void {
  tree.forEachEphemeralOwner((idHi, idLo) => {
    if (sessions.get(idHi, idLo) === undefined) sessions.create(idHi, idLo, 1, nowMs)
  })
}

import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { JuteWriter } from 'jute-ts'
import type { SnapshotInfo, TakenSnapshot } from '../admin/http/admin-target.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import type { DataTree } from '../core/tree/data-tree.ts'
import { toBigInt } from '../protocol/int64.ts'
import { DIGEST_VERSION } from '../protocol/txn.ts'
import { sealedSnapshot } from '../storage/apache-files/write-snapshot.ts'

/** What a turn makes of the snapshot, and what is read of it at one time. */
const SLICE_BYTES = 64 * 1024
const PIECE_BYTES = 256 * 1024

let attempts = 0

/**
 * Writes the tree as it is now as a snapshot file of Apache's, into a file without a name: it is gone with the process.
 * The tree may change meanwhile. Slice by slice, a turn each.
 *
 * @param folder where there is room for it
 * @throws the system's error; SnapshotAbortedError if the tree was replaced meanwhile
 */
export async function writeAdminSnapshot(
  folder: string,
  tree: DataTree,
  sessions: SessionTable
): Promise<TakenSnapshot> {
  const path = join(folder, `snapshot.admin.${process.pid}.${++attempts}.tmp`)
  const cursor = tree.openSnapshot(sessions.records())
  try {
    const zxid = toBigInt(cursor.zxidHi, cursor.zxidLo)
    const digest = BigInt.asUintN(64, toBigInt(cursor.digestHi, cursor.digestLo))
    // compat: as Apache's server writes it while it knows no digest, which is before the first transaction
    const isKnown = zxid > 0n && digest > 0n
    const part = { zxid: isKnown ? zxid : 0n, version: DIGEST_VERSION, digest: isKnown ? digest : 0n }
    const file = await open(path, 'wx+', 0o600)
    try {
      await unlink(path)
      let sizeBytes = 0
      for await (const piece of sealedSnapshot(slices(cursor), { digest: part, lastZxid: zxid })) {
        // `piece` is used again for the next one, so it must be written before that is asked for.
        await writeAll(file, piece)
        sizeBytes += piece.length
      }
      return { zxid, sizeBytes, bytes: bytesOf(file), discard: () => void file.close().catch(ignore) }
    } catch (error) {
      await file.close()
      throw error
    }
  } finally {
    cursor.close()
  }
}

/** The newest of our own snapshots in a folder; null if there is none. */
export async function newestSnapshot(folder: string): Promise<SnapshotInfo | null> {
  let newest: { readonly zxid: bigint; readonly name: string } | null = null
  for (const name of await readdir(folder)) {
    const hex = /^snapshot\.([0-9a-f]{1,16})\.db$/.exec(name)?.[1]
    if (hex === undefined) continue
    const zxid = BigInt(`0x${hex}`)
    if (newest === null || zxid > newest.zxid) newest = { zxid, name }
  }
  if (newest === null) return null
  const { mtimeMs } = await stat(join(folder, newest.name))
  return { zxid: newest.zxid, takenMs: mtimeMs }
}

function* slices(cursor: ReturnType<DataTree['openSnapshot']>): Generator<Uint8Array> {
  const writer = new JuteWriter(SLICE_BYTES * 2)
  for (let hasMore = true; hasMore; ) {
    hasMore = cursor.next(writer.reset(), SLICE_BYTES)
    yield writer.bytes()
  }
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten
}

async function* bytesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    for (let position = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

function ignore(): void {
  // It has no name: the system takes it back in any case.
}

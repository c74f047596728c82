import { JuteReader } from 'jute-ts'
import { applyToSessions } from '../../core/session/follow-txn.ts'
import type { SnapshotLoader } from '../../core/tree/snapshot.ts'
import { highWord, lowWord } from '../../protocol/int64.ts'
import { decodeTxn } from '../../protocol/txn.ts'
import type { ApacheLogFile, ApacheSnapshotFile } from '../../storage/apache-files/apache-directory.ts'
import { logHistory } from '../../storage/apache-files/log-history.ts'
import {
  readSnapshot,
  type SnapshotStreamTaker,
  type SnapshotTrailer
} from '../../storage/apache-files/read-snapshot.ts'
import { showZxid } from '../../storage/file-names.ts'
import { StorageError } from '../../storage/storage-error.ts'
import { digestOf, lastZxidOf, newState, type State, StreamSum } from './state.ts'

/** Reads what an export has written, by the code that reads Apache's own files, and compares it with what was meant. */

export interface WrittenSnapshot {
  readonly file: ApacheSnapshotFile
  readonly zxid: bigint
  /** Of the tree, unsigned. */
  readonly digest: bigint
  /** Whether the file has the digest, too. */
  readonly hasDigest: boolean
  readonly nodeCount: number
  readonly ephemeralCount: number
  readonly sessionCount: number
  /** SHA-256 of the snapshot stream. */
  readonly streamSum: string
}

/** @throws StorageError DAMAGED: what is in the file is not what was to be in it */
export async function assertSnapshotIs(written: WrittenSnapshot): Promise<void> {
  const { file, zxid, digest, hasDigest, nodeCount, sessionCount, streamSum } = written
  const { state, trailer, sum } = await readState(file)
  const { tree, sessions } = state
  const path = file.path
  assertSame(path, 'checksum over all bytes of the stream', sum.end(), streamSum)
  assertSame(path, 'tree digest', digestOf(tree), digest)
  assertSame(path, 'count of znodes', tree.nodeCount, nodeCount)
  assertSame(path, 'count of sessions', sessions.size, sessionCount)
  assertSame(path, 'last zxid', trailer.lastZxid, zxid)
  assertSame(path, 'digest part', trailer.digest?.digest ?? null, hasDigest && zxid > 0n ? digest : null)
}

/**
 * Replays the exported log over the snapshot that it goes on from, as a server would.
 *
 * @throws StorageError DAMAGED, INCOMPLETE: it does not give the state that was exported
 */
export async function assertLogGives(
  { zxid, digest, nodeCount, ephemeralCount }: WrittenSnapshot,
  origin: ApacheSnapshotFile | null,
  logs: readonly ApacheLogFile[]
): Promise<void> {
  const state = origin === null ? newState() : (await readState(origin)).state
  const reader = new JuteReader(undefined, Number.MAX_SAFE_INTEGER)
  const warn = (problem: string): never => {
    throw new StorageError('DAMAGED', problem)
  }
  const history = logHistory({ logs, after: origin?.zxid ?? 0n, recordBytesMax: Number.MAX_SAFE_INTEGER, warn })
  for (const { body } of history) {
    const txn = decodeTxn(reader.reset(body, 0, body.length))
    state.tree.apply(txn, null)
    applyToSessions(txn, state.sessions, 0)
  }
  const path = logs[0]?.path ?? origin?.path ?? ''
  assertSame(path, 'zxid at the end of the log', lastZxidOf(state), zxid)
  assertSame(path, 'tree digest after the log', digestOf(state.tree), digest)
  assertSame(path, 'count of znodes after the log', state.tree.nodeCount, nodeCount)
  assertSame(path, 'count of ephemeral znodes after the log', state.tree.ephemeralCount, ephemeralCount)
}

async function readState(
  file: ApacheSnapshotFile
): Promise<{ state: State; trailer: SnapshotTrailer; sum: StreamSum }> {
  const state = newState()
  const loader = state.tree.loadSnapshot(highWord(file.zxid), lowWord(file.zxid))
  const sum = new StreamSum()
  const trailer = await readSnapshot(file, new SummedTaker(loader, sum))
  state.sessions.restore(loader.sessions, 0)
  return { state, trailer, sum }
}

class SummedTaker implements SnapshotStreamTaker {
  readonly #loader: SnapshotLoader
  readonly #sum: StreamSum

  constructor(loader: SnapshotLoader, sum: StreamSum) {
    this.#loader = loader
    this.#sum = sum
  }

  get done(): boolean {
    return this.#loader.done
  }

  push(bytes: Uint8Array): number {
    const taken = this.#loader.push(bytes)
    this.#sum.add(bytes.subarray(0, taken))
    return taken
  }
}

function assertSame(path: string, what: string, found: unknown, expected: unknown): void {
  if (found === expected) return
  throw new StorageError(
    'DAMAGED',
    `${path} was read back and its ${what} is ${show(found)} instead of ${show(expected)}: nothing was exported; ` +
      'check the disk, and report this if it happens again'
  )
}

function show(value: unknown): string {
  return typeof value === 'bigint' ? showZxid(value) : String(value)
}

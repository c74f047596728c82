import { createHash } from 'node:crypto'
import { JuteWriter } from 'jute-ts'
import { SessionTable } from '../../core/session/session-table.ts'
import { PlainTree } from '../../core/tree/plain-tree.ts'
import { toBigInt } from '../../protocol/int64.ts'
import { createHashPort } from '../../server/hash-port.ts'

/** What a data directory says: tree and sessions, as a tool holds them. */
export interface State {
  readonly tree: PlainTree
  readonly sessions: SessionTable
}

const SLICE_BYTES = 256 * 1024

/** A fresh one. TTL nodes are known as such, whatever the server's setting: what they are is in the data. */
export function newState(): State {
  const tree = new PlainTree(createHashPort('SHA1'), { digestEnabled: true, extendedTypesEnabled: true })
  return { tree, sessions: new SessionTable(1000, 0) }
}

/** Tree digest, unsigned. */
export function digestOf({ digestHi, digestLo }: { readonly digestHi: number; readonly digestLo: number }): bigint {
  return BigInt.asUintN(64, toBigInt(digestHi, digestLo))
}

export function lastZxidOf({ tree }: State): bigint {
  return toBigInt(tree.lastZxidHi, tree.lastZxidLo)
}

/** The state as a snapshot stream; the pieces are the caller's. */
export function* snapshotStream({ tree, sessions }: State): Generator<Buffer> {
  const cursor = tree.openSnapshot(sessions.records())
  try {
    const writer = new JuteWriter(2 * SLICE_BYTES)
    for (let hasMore = true; hasMore; ) {
      hasMore = cursor.next(writer.reset(), SLICE_BYTES)
      yield writer.copyBytes()
    }
  } finally {
    cursor.close()
  }
}

/** Passes pieces on and sums up what passes: SHA-256, which unlike the tree digest covers ACLs, quotas and sessions. */
export class StreamSum {
  readonly #hash = createHash('sha256');

  *through(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const piece of pieces) {
      this.add(piece)
      yield piece
    }
  }

  add(piece: Uint8Array): void {
    this.#hash.update(piece)
  }

  /** In hexadecimal; no more can be added then. */
  end(): string {
    return this.#hash.digest('hex')
  }
}

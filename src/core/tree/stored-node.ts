import { JuteReader } from 'jute-ts'
import { decodeStatPersisted, type StatPersisted } from '../../protocol/generated/data.ts'

const NOTHING = Buffer.alloc(0)

/** Where the fields of a stored stat begin, in bytes; all but the first int of each pair follow by themselves. */
export const StatOffset = {
  czxid: 0,
  mzxid: 8,
  ctime: 16,
  mtime: 24,
  version: 32,
  cversion: 36,
  aversion: 40,
  ephemeralOwner: 44,
  pzxid: 52
} as const

/**
 * A znode of a snapshot stream, where it lies in the stream's bytes: whoever loads a million of them makes no object for
 * any. Good until the next one is read into it.
 */
export class StoredNode {
  bytes: Buffer = NOTHING
  /** Over the same bytes. */
  view: DataView = new DataView(NOTHING.buffer, NOTHING.byteOffset, 0)
  pathStart = 0
  pathEnd = 0
  dataStart = 0
  /** -1: the data is null. */
  dataLength = -1
  /** As in the snapshot's table of lists. */
  aclKey = 0
  statStart = 0
  readonly #reader = new JuteReader(undefined, Number.MAX_SAFE_INTEGER)

  /** Takes what the next nodes lie in. */
  reset(bytes: Buffer): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get path(): string {
    return this.#reader.reset(this.bytes, this.pathStart - 4, this.pathEnd).readString('path') ?? ''
  }

  /** A view of the bytes. */
  get data(): Buffer | null {
    return this.dataLength < 0 ? null : this.bytes.subarray(this.dataStart, this.dataStart + this.dataLength)
  }

  get stat(): StatPersisted {
    return decodeStatPersisted(this.#reader.reset(this.bytes, this.statStart, this.bytes.length))
  }

  get ephemeralOwnerHi(): number {
    return this.view.getInt32(this.statStart + StatOffset.ephemeralOwner)
  }

  get ephemeralOwnerLo(): number {
    return this.view.getInt32(this.statStart + StatOffset.ephemeralOwner + 4)
  }
}

/** Copies the stat of a stored node. */
export function readStoredStat({ view, statStart }: StoredNode, into: StatPersisted): void {
  into.czxidHi = view.getInt32(statStart + StatOffset.czxid)
  into.czxidLo = view.getInt32(statStart + StatOffset.czxid + 4)
  into.mzxidHi = view.getInt32(statStart + StatOffset.mzxid)
  into.mzxidLo = view.getInt32(statStart + StatOffset.mzxid + 4)
  into.ctimeHi = view.getInt32(statStart + StatOffset.ctime)
  into.ctimeLo = view.getInt32(statStart + StatOffset.ctime + 4)
  into.mtimeHi = view.getInt32(statStart + StatOffset.mtime)
  into.mtimeLo = view.getInt32(statStart + StatOffset.mtime + 4)
  into.version = view.getInt32(statStart + StatOffset.version)
  into.cversion = view.getInt32(statStart + StatOffset.cversion)
  into.aversion = view.getInt32(statStart + StatOffset.aversion)
  into.ephemeralOwnerHi = view.getInt32(statStart + StatOffset.ephemeralOwner)
  into.ephemeralOwnerLo = view.getInt32(statStart + StatOffset.ephemeralOwner + 4)
  into.pzxidHi = view.getInt32(statStart + StatOffset.pzxid)
  into.pzxidLo = view.getInt32(statStart + StatOffset.pzxid + 4)
}

import type { Stat as WireStat } from '../protocol/generated/data.ts'
import { toBigInt, toNumber } from '../protocol/int64.ts'

/** What the server knows of a znode beside its data. */
export interface Stat {
  /** zxid of the transaction that created the node. */
  readonly czxid: bigint
  /** zxid of the last change of its data. */
  readonly mzxid: bigint
  /** When it was created, in milliseconds since 1970, by the leader's clock. */
  readonly ctime: number
  /** When its data was last changed, in milliseconds since 1970. */
  readonly mtime: number
  /** Count of changes of its data. */
  readonly version: number
  /** Count of creations and deletions of its children. */
  readonly cversion: number
  /** Count of changes of its ACL. */
  readonly aversion: number
  /** Session that owns it if it is ephemeral, else 0. */
  readonly ephemeralOwner: bigint
  /** Length of its data in bytes. */
  readonly dataLength: number
  readonly numChildren: number
  /** zxid of the last creation or deletion of a child. */
  readonly pzxid: bigint
}

/** The public form of a Stat off the wire. */
export function statOf(wire: WireStat): Stat {
  return {
    czxid: toBigInt(wire.czxidHi, wire.czxidLo),
    mzxid: toBigInt(wire.mzxidHi, wire.mzxidLo),
    ctime: toNumber(wire.ctimeHi, wire.ctimeLo),
    mtime: toNumber(wire.mtimeHi, wire.mtimeLo),
    version: wire.version,
    cversion: wire.cversion,
    aversion: wire.aversion,
    ephemeralOwner: toBigInt(wire.ephemeralOwnerHi, wire.ephemeralOwnerLo),
    dataLength: wire.dataLength,
    numChildren: wire.numChildren,
    pzxid: toBigInt(wire.pzxidHi, wire.pzxidLo)
  }
}

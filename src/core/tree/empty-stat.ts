import type { StatPersisted } from '../../protocol/generated/data.ts'

/** A stat of zeros, to be filled. */
export function emptyStat(): StatPersisted {
  return {
    czxidHi: 0,
    czxidLo: 0,
    mzxidHi: 0,
    mzxidLo: 0,
    ctimeHi: 0,
    ctimeLo: 0,
    mtimeHi: 0,
    mtimeLo: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwnerHi: 0,
    ephemeralOwnerLo: 0,
    pzxidHi: 0,
    pzxidLo: 0
  }
}

/** Copies the stored stat. */
export function copyStat(from: StatPersisted, into: StatPersisted): void {
  into.czxidHi = from.czxidHi
  into.czxidLo = from.czxidLo
  into.mzxidHi = from.mzxidHi
  into.mzxidLo = from.mzxidLo
  into.ctimeHi = from.ctimeHi
  into.ctimeLo = from.ctimeLo
  into.mtimeHi = from.mtimeHi
  into.mtimeLo = from.mtimeLo
  into.version = from.version
  into.cversion = from.cversion
  into.aversion = from.aversion
  into.ephemeralOwnerHi = from.ephemeralOwnerHi
  into.ephemeralOwnerLo = from.ephemeralOwnerLo
  into.pzxidHi = from.pzxidHi
  into.pzxidLo = from.pzxidLo
}

import type { Stat } from '../../src/protocol/generated/data.ts'

/** A Stat on the wire, all zero but for what is given. */
export function wireStat(given: Partial<Stat> = {}): Stat {
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
    dataLength: 0,
    numChildren: 0,
    pzxidHi: 0,
    pzxidLo: 0,
    ...given
  }
}

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

import { type IntRecords, NONE } from './int-records.ts'

/**
 * What nodes have that have children, had some, or lost a node that they never had (in replay): fields of a record of
 * 28 bytes, whose number is in `Field.kin`. A node that only has an owner keeps the number of its owner's part there.
 */
export const Kin = {
  firstChild: 0,
  childCount: 1,
  cversion: 2,
  pzxidHi: 3,
  pzxidLo: 4,
  /** CRC-32 over path and data: each child that comes or goes asks for it. */
  prefixCrc: 5,
  /** Number of its owner's part, or NONE. */
  ownerPart: 6
} as const

export const KIN_FIELD_COUNT = 7

/** Whether a `Field.kin` is the number of such a record. */
export function isKinRecord(kin: number): boolean {
  return kin >= 0
}

/** What `Field.kin` is of a node that only has an owner. */
export function ownerOnly(ownerPart: number): number {
  return NONE - 1 - ownerPart
}

/**
 * Number of the owner's part, or NONE.
 * @param kin a node's `Field.kin`
 */
export function ownerPartOf(kin: number, kins: IntRecords): number {
  if (kin === NONE) return NONE
  return kin >= 0 ? kins.get(kin, Kin.ownerPart) : NONE - 1 - kin
}

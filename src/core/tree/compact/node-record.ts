/**
 * Fields of a znode's record, int32 each: 96 bytes. What few nodes have lies in records of its own: what leaves lack
 * (`ChildLinks`) and what only ephemerals, containers and TTL nodes have (`OwnedNodes`).
 */
export const Field = {
  /** Hash of the path; while the record is free, the next free one. */
  hash: 0,
  /** The next record in the same bucket of the table of paths. */
  chain: 1,
  /** NONE for the root, FREE if the record is no node. */
  parent: 2,
  /** The sibling created before this one. */
  next: 3,
  /** The sibling created after this one. */
  previous: 4,
  /** Where its name and data are. */
  block: 5,
  /** Length of the name in bytes; negative (the top bit set) if the node is not in the digest. */
  name: 6,
  /** -1: the data is null. */
  dataLength: 7,
  /** Place of its list in the ACL table. */
  acl: 8,
  /** NONE as long as a leaf was never anything else. */
  childPart: 9,
  /** NONE if its ephemeralOwner is 0. */
  ownerPart: 10,
  prefixCrc: 11,
  digest: 12,
  czxidHi: 13,
  czxidLo: 14,
  mzxidHi: 15,
  mzxidLo: 16,
  ctimeHi: 17,
  ctimeLo: 18,
  mtimeHi: 19,
  mtimeLo: 20,
  version: 21,
  aversion: 22,
  /** CRC-32 over the path. */
  pathCrc: 23
} as const

export const NODE_FIELD_COUNT = 24

/** In the field `parent`: no node. */
export const FREE = -2

/** In the field `name`: the length without the flag. */
export const NAME_LENGTH_MASK = 0x7fffffff
export const UNDIGESTED_FLAG = 0x80000000 | 0

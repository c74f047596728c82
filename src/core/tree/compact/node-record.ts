/**
 * Fields of a znode's record, int32 each: 56 bytes. It has what differs from node to node. What many nodes share lies in one
 * record for all of them (`SharedParts`), and what few have in records of their own: what leaves lack (`ChildLinks`), what
 * nodes lack that were never changed (`ChangeParts`), and what only ephemerals, containers and TTL nodes have (`OwnedNodes`).
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
  /** How long they are, see `node-lengths.ts`. */
  lengths: 6,
  digest: 7,
  czxidLo: 8,
  ctimeLo: 9,
  /** Number of its record in `SharedParts`. */
  shared: 10,
  /** Number of its record in `ChangeParts`; NONE as long as it is as it was created, its children apart. */
  changes: 11,
  /** What it has of children and owner, see `kin-record.ts`; NONE for a leaf that was never anything else, and is nobody's. */
  kin: 12,
  /** CRC-32 over the path; 0 if the node is not in the digest. */
  pathCrc: 13
} as const

export const NODE_FIELD_COUNT = 14

/** In the field `parent`: no node. */
export const FREE = -2

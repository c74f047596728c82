/**
 * The lengths of a node's name and data in one int32.
 *
 * | bits    | block in a slab                    | block of its own (negative)                              |
 * |---------|------------------------------------|----------------------------------------------------------|
 * | 31      | the node is not in the digest      | the same                                                 |
 * | 30      | data length + 1, 0 stands for null | the data is null                                         |
 * | 16 – 29 | (with the one above)               | length of the name in bytes (with those below); the data |
 * | 0 – 15  | length of the name in bytes        | takes the rest of the block                              |
 */

const NAME_MASK = 0xffff
const DATA_SHIFT = 16
const DATA_MASK = 0x7fff
const LARGE_NAME_MASK = 0x3fffffff
const LARGE_NULL_FLAG = 0x40000000
const UNDIGESTED_FLAG = 0x80000000 | 0

/**
 * @param block      of the node: a block in a slab has room for names and data of less than 2^14 bytes
 * @param dataLength -1: the data is null
 */
export function packLengths(block: number, nameLength: number, dataLength: number, isDigested: boolean): number {
  const flag = isDigested ? 0 : UNDIGESTED_FLAG
  if (block >= 0) return flag | ((dataLength + 1) << DATA_SHIFT) | nameLength
  return flag | (dataLength < 0 ? LARGE_NULL_FLAG : 0) | nameLength
}

export function isDigestedNode(lengths: number): boolean {
  return lengths >= 0
}

/** Bytes of the name. */
export function nameLengthOf(lengths: number, block: number): number {
  return block >= 0 ? lengths & NAME_MASK : lengths & LARGE_NAME_MASK
}

/** Bytes of the data in a slab; -1: they are null. */
export function dataLengthOf(lengths: number): number {
  return ((lengths >>> DATA_SHIFT) & DATA_MASK) - 1
}

/**
 * The same in a block of its own.
 * @param contentBytes of name and data together
 */
export function largeDataLengthOf(lengths: number, contentBytes: number): number {
  return (lengths & LARGE_NULL_FLAG) !== 0 ? -1 : contentBytes - (lengths & LARGE_NAME_MASK)
}

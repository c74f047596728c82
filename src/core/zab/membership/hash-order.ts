const TABLE_SIZE_MIN = 16
const LOAD_FACTOR = 0.75

/**
 * Puts entries in the order in which upstream's maps by id give them: by the slot of a hash table that grows by doubling
 * when it is three quarters full. Ids below the table's size, such as all small ones, are in ascending order.
 *
 * compat: texts of one configuration are the same bytes on all servers. Ids that share a slot are in the order in which
 * they were put in, which upstream does not define for texts; here they ascend.
 */
export function inHashOrder<T>(entries: readonly T[], idOf: (entry: T) => number): T[] {
  let tableSize = TABLE_SIZE_MIN
  while (entries.length > tableSize * LOAD_FACTOR) tableSize *= 2
  const slotOf = (id: number) => {
    const low = (id ^ Math.floor(id / 0x1_0000_0000)) | 0
    return (low ^ (low >>> 16)) & (tableSize - 1)
  }
  return [...entries].sort((a, b) => slotOf(idOf(a)) - slotOf(idOf(b)) || idOf(a) - idOf(b))
}

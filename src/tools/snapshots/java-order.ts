/**
 * The order in which Java's hash tables are gone through: what upstream's tools print of a snapshot comes in it.
 *
 * A bin that Java turns into a tree (eight keys or more with the same place in a table of 64 or more) keeps the order of
 * its arrival here, where Java's has its root first: keys must be made to collide for that.
 */

const LOAD_FACTOR = 0.75
/** A bin that has come to this length makes the table grow, or is made a tree. */
const BIN_LENGTH_MAX = 8
const TREE_TABLE_SIZE_MIN = 64

/** Texts in the order of a `HashSet` made for eight, as upstream's znodes have their children, filled in the given order. */
export function inOrderOfHashSet(texts: Iterable<string>): string[] {
  return inTableOrder(texts, 8, (text) => spread(hashOfString(text)))
}

/** Sessions in the order of a `ConcurrentHashMap` by their id, filled in the given order. */
export function inOrderOfSessionMap<S extends { readonly idHi: number; readonly idLo: number }>(
  sessions: Iterable<S>
): S[] {
  return inTableOrder(sessions, 16, ({ idHi, idLo }) => spread(idHi ^ idLo) & 0x7fffffff)
}

function inTableOrder<K>(keys: Iterable<K>, firstSize: number, hashOf: (key: K) => number): K[] {
  let bins: { key: K; hash: number }[][] = Array.from({ length: firstSize }, () => [])
  let count = 0
  for (const key of keys) {
    const hash = hashOf(key)
    const bin = bins[hash & (bins.length - 1)] ?? []
    bin.push({ key, hash })
    if (bin.length > BIN_LENGTH_MAX && bins.length < TREE_TABLE_SIZE_MIN) bins = grown(bins)
    if (++count > bins.length * LOAD_FACTOR) bins = grown(bins)
  }
  return bins.flatMap((bin) => bin.map(({ key }) => key))
}

/** The relative order within a bin is kept. */
function grown<E extends { readonly hash: number }>(bins: readonly (readonly E[])[]): E[][] {
  const size = bins.length * 2
  const next: E[][] = Array.from({ length: size }, () => [])
  for (const bin of bins) for (const entry of bin) next[entry.hash & (size - 1)]?.push(entry)
  return next
}

/** `String.hashCode`. */
function hashOfString(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16)
}

import type { Connection } from '../connection.ts'
import { packBlocks, unpackBlock } from './blocks.ts'
import { putColumn, readFloats, readInts } from './columns.ts'
import { depthOf, type PathTotals } from './totals.ts'

/**
 * What happened at and below the paths of a level, in their order as texts: sums by column, the paths in blocks, and 64 bits
 * of hash of each, by which the segments' sums are added up without looking at paths.
 */

export const SUBTREE_SCHEMA = `
CREATE TABLE subtree_block(place INTEGER PRIMARY KEY, base INTEGER NOT NULL, first TEXT NOT NULL, body BLOB NOT NULL);`

/** Blocks of a level at most. */
const BLOCK_COUNT_MAX = 2 ** 32
const NOTHING = Buffer.alloc(0)

export function putSubtrees(connection: Connection, subtrees: ReadonlyMap<string, PathTotals>): void {
  const byDepth = new Map<number, string[]>()
  for (const path of subtrees.keys()) {
    const paths = byDepth.get(depthOf(path))
    if (paths === undefined) byDepth.set(depthOf(path), [path])
    else paths.push(path)
  }
  for (const [depth, paths] of byDepth) putLevel(connection, depth, paths.sort(compareTexts), subtrees)
}

function putLevel(
  connection: Connection,
  depth: number,
  paths: readonly string[],
  subtrees: ReadonlyMap<string, PathTotals>
): void {
  const sums = { writes: floats(paths), bytes: floats(paths), creates: floats(paths), deletes: floats(paths) }
  const [hi, lo] = [new Int32Array(paths.length), new Int32Array(paths.length)]
  for (const [at, path] of paths.entries()) {
    const sum = subtrees.get(path)
    sums.writes[at] = sum?.writes ?? 0
    sums.bytes[at] = sum?.bytes ?? 0
    sums.creates[at] = sum?.creates ?? 0
    sums.deletes[at] = sum?.deletes ?? 0
    hi[at] = highHash(path)
    lo[at] = lowHash(path)
  }
  for (const [name, numbers] of Object.entries(sums)) putColumn(connection, `subtree.${depth}.${name}`, numbers)
  putColumn(connection, `subtree.${depth}.hi`, hi)
  putColumn(connection, `subtree.${depth}.lo`, lo)
  const put = connection.prepare('INSERT INTO subtree_block(place, base, first, body) VALUES (?, ?, ?, ?)')
  let [number, base] = [0, 0]
  for (const { first, body, count } of packBlocks(paths.map((path) => ({ path, body: NOTHING })))) {
    put.run(depth * BLOCK_COUNT_MAX + number++, base, first, body)
    base += count
  }
}

function floats({ length }: readonly string[]): Float64Array {
  return new Float64Array(length)
}

/** The subtrees of one level below a path. */
export class SubtreeColumns {
  /** Those from here to before `end` are below the path. */
  readonly start: number
  readonly end: number
  readonly hi: Int32Array
  readonly lo: Int32Array
  readonly #connection: Connection
  readonly #depth: number

  /** @param depth 1: the root's children */
  constructor(connection: Connection, depth: number, under: string) {
    this.#connection = connection
    this.#depth = depth
    this.hi = readInts(connection, `subtree.${depth}.hi`)
    this.lo = readInts(connection, `subtree.${depth}.lo`)
    // All texts that begin with the path and a slash: `0` is the character behind the slash.
    const isWhole = under === '/' || this.hi.length === 0
    this.start = isWhole ? 0 : this.#positionOf(`${under}/`)
    this.end = isWhole ? this.hi.length : this.#positionOf(`${under}0`)
  }

  column(name: keyof PathTotals): Float64Array {
    return readFloats(this.#connection, `subtree.${this.#depth}.${name}`)
  }

  /** The path at a position, where there is one. */
  pathAt(position: number): string {
    const [from, before] = this.#places()
    const row = this.#connection
      .prepare<[number, number, number], [number, Buffer]>(
        'SELECT base, body FROM subtree_block WHERE place >= ? AND place < ? AND base <= ? ORDER BY place DESC LIMIT 1'
      )
      .raw()
      .get(from, before, position)
    let at = row?.[0] ?? 0
    for (const { path } of row === undefined ? [] : unpackBlock(row[1])) if (at++ === position) return path
    throw new Error(`an index has no subtree ${position} of level ${this.#depth}`)
  }

  /** Of the first path that is not less than a text. */
  #positionOf(text: string): number {
    const [from, before] = this.#places()
    const firsts = this.#connection
      .prepare<[number, number], [number, number, string]>(
        'SELECT place, base, first FROM subtree_block WHERE place >= ? AND place < ? ORDER BY place'
      )
      .raw()
      .all(from, before)
    const block = firsts.findLast(([, , first]) => first < text)
    if (block === undefined) return 0
    const [place, base] = block
    const row = this.#connection
      .prepare<[number], [Buffer]>('SELECT body FROM subtree_block WHERE place = ?')
      .raw()
      .get(place)
    let at = base
    for (const { path } of row === undefined ? [] : unpackBlock(row[0])) {
      if (path >= text) break
      at++
    }
    return at
  }

  #places(): [from: number, before: number] {
    return [this.#depth * BLOCK_COUNT_MAX, (this.#depth + 1) * BLOCK_COUNT_MAX]
  }
}

/** By UTF-16 units, as `<` does. */
function compareTexts(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

/** FNV-1a over UTF-16 units, mixed at the end. */
function highHash(path: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < path.length; index++) hash = Math.imul(hash ^ path.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/** As the rounds of MurmurHash3: of another kind, so that two paths with the same half differ in the other one. */
function lowHash(path: string): number {
  let hash = 0x2545f491
  for (let index = 0; index < path.length; index++) {
    const unit = Math.imul(path.charCodeAt(index) + 1, 0xcc9e2d51)
    hash ^= Math.imul((unit << 15) | (unit >>> 17), 0x1b873593)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35)
  return hash ^ (hash >>> 15)
}

import type { Connection } from '../connection.ts'
import { packBlocks, unpackBlock } from './blocks.ts'
import { putColumn, readFloats, readInts } from './columns.ts'
import type { SubtreeLevel } from './subtree-sums.ts'
import { finished } from './text-hash.ts'
import type { PathTotals } from './totals.ts'

/**
 * What happened at and below the paths of a level, in their order as texts: sums by column, the paths in blocks, and 64 bits
 * of hash of each, by which the segments' sums are added up without looking at paths.
 */

export const SUBTREE_SCHEMA = `
CREATE TABLE subtree_block(place INTEGER PRIMARY KEY, base INTEGER NOT NULL, first TEXT NOT NULL, body BLOB NOT NULL);`

/** Blocks of a level at most. */
const BLOCK_COUNT_MAX = 2 ** 32
const NOTHING = Buffer.alloc(0)

/** @param levels the first is the root's */
export function putSubtrees(connection: Connection, levels: readonly SubtreeLevel[]): void {
  for (const [depth, level] of levels.entries()) if (level.paths.length > 0) putLevel(connection, depth, level)
}

function putLevel(connection: Connection, depth: number, { paths, totals, hashes }: SubtreeLevel): void {
  const sums = { writes: floats(paths), bytes: floats(paths), creates: floats(paths), deletes: floats(paths) }
  for (const [at, sum] of totals.entries()) {
    sums.writes[at] = sum.writes
    sums.bytes[at] = sum.bytes
    sums.creates[at] = sum.creates
    sums.deletes[at] = sum.deletes
  }
  const [hi, lo] = [new Int32Array(paths.length), new Int32Array(paths.length)]
  for (const [at, hash] of hashes.entries()) {
    const whole = finished(hash)
    hi[at] = whole.hi
    lo[at] = whole.lo
  }
  for (const [name, numbers] of Object.entries(sums)) putColumn(connection, `subtree.${depth}.${name}`, numbers)
  putColumn(connection, `subtree.${depth}.hi`, hi)
  putColumn(connection, `subtree.${depth}.lo`, lo)
  const put = connection.prepare('INSERT INTO subtree_block(place, base, first, body) VALUES (?, ?, ?, ?)')
  let [number, base] = [0, 0]
  for (const { first, body, count } of packBlocks(withoutEvents(paths))) {
    put.run(depth * BLOCK_COUNT_MAX + number++, base, first, body)
    base += count
  }
}

function* withoutEvents(paths: readonly string[]): Generator<{ readonly path: string; readonly body: Buffer }> {
  for (const path of paths) yield { path, body: NOTHING }
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

import { type JuteWriter, putInt } from 'jute-ts'
import type { BlockArena } from './block-arena.ts'
import { copyBytes } from './copy-bytes.ts'
import { type IntRecords, NONE } from './int-records.ts'
import { nameLengthOf } from './node-lengths.ts'
import { Field } from './node-record.ts'
import { PathIndex } from './path-index.ts'
import { PathKey } from './path-key.ts'

const SLASH = 0x2f

/**
 * Paths of nodes, and nodes of paths. Each node has its own name only, in UTF-8, in front of its data: a path is looked
 * up by its hash, and what is found is compared name by name up to the root.
 */
export class NamedNodes {
  readonly index: PathIndex
  readonly key: PathKey
  /** NONE while there is none. */
  root = NONE
  readonly #nodes: IntRecords
  readonly #blocks: BlockArena
  #scratch = Buffer.alloc(256)

  constructor(nodes: IntRecords, blocks: BlockArena, hashSeed: number) {
    this.#nodes = nodes
    this.#blocks = blocks
    this.index = new PathIndex(nodes)
    this.key = new PathKey(hashSeed)
  }

  /** The node at a path, or NONE. */
  find(path: string): number {
    if (path.length < 2 && (path === '' || path === '/')) return this.root
    const { key } = this
    key.ofText(path)
    return this.lookUp(key.hash, key.bytes, key.start, key.end)
  }

  /** The same for a path as UTF-8. */
  findBytes(bytes: Buffer, start: number, end: number): number {
    if (start === end || (end - start === 1 && bytes[start] === SLASH)) return this.root
    const { key } = this
    key.ofBytes(bytes, start, end)
    return this.lookUp(key.hash, bytes, start, end)
  }

  /** The hash by which `find` looks a path up, which need not be made again then. */
  hashOf(path: string): number {
    this.key.ofText(path)
    return this.key.hash
  }

  /** The node above the one that is or would be at a path, or NONE. */
  parentOf(path: string): number {
    const { key } = this
    key.ofText(path)
    if (key.slash < 0) return NONE
    if (key.slash === key.start) return this.root
    return this.lookUp(key.parentHash, key.bytes, key.start, key.slash)
  }

  nameLength(node: number): number {
    return nameLengthOf(this.#nodes.get(node, Field.lengths), this.#nodes.get(node, Field.block))
  }

  nameOf(node: number): string {
    const block = this.#nodes.get(node, Field.block)
    const start = this.#blocks.start(block)
    return this.#blocks.bytes(block).toString('utf8', start, start + this.nameLength(node))
  }

  /** Empty for the root. */
  pathOf(node: number): string {
    const length = this.#pathLength(node)
    if (length > this.#scratch.length) this.#scratch = Buffer.alloc(2 * length)
    this.#putPath(node, this.#scratch, length)
    return this.#scratch.toString('utf8', 0, length)
  }

  /** Appends a node's path as a Jute ustring. */
  writePath(node: number, writer: JuteWriter): void {
    const length = this.#pathLength(node)
    const offset = writer.claim(4 + length)
    putInt(writer.buffer, offset, length)
    this.#putPath(node, writer.buffer, offset + 4 + length)
  }

  /** Appends a node's name as a Jute ustring. */
  writeName(node: number, writer: JuteWriter): void {
    const length = this.nameLength(node)
    const block = this.#nodes.get(node, Field.block)
    const offset = writer.claim(4 + length)
    putInt(writer.buffer, offset, length)
    copyBytes(this.#blocks.bytes(block), this.#blocks.start(block), writer.buffer, offset + 4, length)
  }

  clear(): void {
    this.index.clear()
    this.root = NONE
  }

  /** The node of a hash and the path that it was made of, or NONE. */
  lookUp(hash: number, bytes: Buffer, start: number, end: number): number {
    for (let node = this.index.head(hash); node !== NONE; ) {
      const slab = this.#nodes.slab(node)
      const at = this.#nodes.at(node)
      if (slab[at + Field.hash] === hash && this.#isAt(node, bytes, start, end)) return node
      node = slab[at + Field.chain] as number
    }
    return NONE
  }

  #isAt(node: number, bytes: Buffer, start: number, pathEnd: number): boolean {
    let end = pathEnd
    for (let one = node; one !== this.root; ) {
      const slab = this.#nodes.slab(one)
      const at = this.#nodes.at(one)
      const block = slab[at + Field.block] as number
      const nameStart = end - nameLengthOf(slab[at + Field.lengths] as number, block)
      if (nameStart <= start || bytes[nameStart - 1] !== SLASH) return false
      const cell = this.#blocks.bytes(block)
      let other = this.#blocks.start(block)
      for (let index = nameStart; index < end; index++) if (cell[other++] !== bytes[index]) return false
      end = nameStart - 1
      one = slab[at + Field.parent] as number
    }
    return end === start
  }

  #pathLength(node: number): number {
    let length = 0
    for (let one = node; one !== this.root; one = this.#nodes.get(one, Field.parent)) length += 1 + this.nameLength(one)
    return length
  }

  /** Puts a path so that it ends at `pathEnd`. */
  #putPath(node: number, to: Buffer, pathEnd: number): void {
    let end = pathEnd
    for (let one = node; one !== this.root; one = this.#nodes.get(one, Field.parent)) {
      const length = this.nameLength(one)
      const block = this.#nodes.get(one, Field.block)
      copyBytes(this.#blocks.bytes(block), this.#blocks.start(block), to, end - length, length)
      end -= length + 1
      to[end] = SLASH
    }
  }
}

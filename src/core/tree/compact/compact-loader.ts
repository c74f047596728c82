import type { HashPort } from '../../ports.ts'
import type { AclTable } from '../acl-table.ts'
import { crc32OfView } from '../crc32.ts'
import { emptyStat } from '../empty-stat.ts'
import { loadByPath, refusedNode, UNKNOWN_OWNER } from '../load-by-path.ts'
import { crcOfStoredData, digestOfStoredStat, isDigested } from '../node-digest.ts'
import type { NodeLoader, NodeTable } from '../node-table.ts'
import { readStoredStat, type StoredNode } from '../stored-node.ts'
import { BLOCK_HEAD_BYTES, type BlockArena } from './block-arena.ts'
import type { ChildLinks } from './child-links.ts'
import { copyBytes, copyWords } from './copy-bytes.ts'
import { type IntRecords, NONE } from './int-records.ts'
import type { NamedNodes } from './named-nodes.ts'
import type { NodeCrcs } from './node-crcs.ts'
import { packLengths } from './node-lengths.ts'
import { Field } from './node-record.ts'
import type { NodeStats } from './node-stats.ts'
import { SeenHashes } from './seen-hashes.ts'

const SLASH = 0x2f
const NO_PARENT = -2
const UNINDEXED_MAX = 256

/** The parts of a compact table that loading fills. */
export interface LoadedParts {
  readonly table: NodeTable & { sizeUnits: number; readonly acls: AclTable }
  readonly nodes: IntRecords
  readonly blocks: BlockArena
  readonly names: NamedNodes
  readonly links: ChildLinks
  readonly stats: NodeStats
  readonly crcs: NodeCrcs
  readonly hash: HashPort
  readonly digestEnabled: boolean
}

/**
 * Takes znodes of a snapshot into an empty compact table: what `insert` does, from the stream's bytes, without a text or
 * an object for any of them. Siblings mostly come one after the other, so that what their parent's path gives is kept.
 *
 * perf: with a million nodes the random access is what counts. Some hundreds of nodes are entered into the table of paths
 * together, since the processor then waits for many places at once; and what has been seen tells of nearly all paths that they
 * do not come twice, which would else be a walk along a chain of records each time.
 */
export class CompactLoader implements NodeLoader {
  readonly #parts: LoadedParts
  readonly #seen: SeenHashes
  /** Nodes from here on are not in the table of paths; an empty table gives out its numbers one after the other. */
  #firstUnindexed = 0
  /** Path of the parent of the latest node, or some memory that begins with it. */
  #parentPath = Buffer.alloc(256)
  #parentLength = 0
  /** NO_PARENT while none is known. */
  #parent = NO_PARENT
  /** Of the parent's path with the slash behind it. */
  #hashState = 0
  #parentCrc = 0
  #isCounted = false
  readonly #stat = emptyStat()

  constructor(parts: LoadedParts, nodeCount: number) {
    this.#parts = parts
    this.#seen = new SeenHashes(nodeCount)
    parts.names.index.reserve(nodeCount)
  }

  load(stored: StoredNode): void {
    const slash = nameSlash(stored)
    // The root, what has no parent, and what is not ASCII: UTF-8 may be wrong in more ways than one.
    if (slash < 0 || !this.#enterParent(stored, slash)) {
      this.#loadByPath(stored)
      return
    }
    const { nodes, names } = this.#parts
    const hash = names.key.hashBelow(this.#hashState, stored.bytes, slash + 1, stored.pathEnd)
    const { ephemeralOwnerHi, ephemeralOwnerLo } = stored
    if (!this.#parts.table.isKnownOwner(ephemeralOwnerHi, ephemeralOwnerLo)) {
      throw refusedNode(stored.path, UNKNOWN_OWNER)
    }
    this.#insert(stored, slash, hash)
    if (nodes.limit - this.#firstUnindexed >= UNINDEXED_MAX) this.flush()
  }

  flush(): void {
    const { nodes, names } = this.#parts
    const { limit } = nodes
    for (let node = this.#firstUnindexed; node < limit; node++) {
      if (this.#seen.add(nodes.get(node, Field.hash))) this.#assertOnce(node)
      names.index.add(node)
    }
    this.#firstUnindexed = limit
  }

  #assertOnce(node: number): void {
    const path = this.#parts.names.pathOf(node)
    if (this.#parts.names.find(path) !== NONE) throw refusedNode(path, 'twice')
  }

  #loadByPath(stored: StoredNode): void {
    const { table, nodes, names } = this.#parts
    this.flush()
    loadByPath(table, stored)
    this.#seen.add(names.hashOf(stored.path))
    this.#firstUnindexed = nodes.limit
  }

  /** Makes the parent of a node the current one; false if it is not there, or its path is not plain. */
  #enterParent({ bytes, pathStart }: StoredNode, slash: number): boolean {
    const length = slash - pathStart
    if (this.#parent !== NO_PARENT && this.#isParentPath(bytes, pathStart, length)) return true
    const { names, crcs } = this.#parts
    this.flush()
    const parent = length === 0 ? names.root : this.#find(bytes, pathStart, slash)
    if (parent === NONE || !isAscii(bytes, pathStart, slash)) return false
    if (length > this.#parentPath.length) this.#parentPath = Buffer.alloc(2 * length)
    bytes.copy(this.#parentPath, 0, pathStart, slash)
    this.#parentLength = length
    this.#parent = parent
    this.#hashState = names.key.stateAfter(bytes, pathStart, slash + 1)
    this.#parentCrc = crcs.pathCrc(parent)
    this.#isCounted = this.#parts.digestEnabled && isDigested(bytes.toString('latin1', pathStart, slash + 1))
    return true
  }

  /** Without `findBytes`, to which "/" is the root: here it is a path that ends with a slash. */
  #find(bytes: Buffer, start: number, end: number): number {
    const { names } = this.#parts
    names.key.ofBytes(bytes, start, end)
    return names.lookUp(names.key.hash, bytes, start, end)
  }

  #isParentPath(bytes: Buffer, start: number, length: number): boolean {
    if (length !== this.#parentLength) return false
    const own = this.#parentPath
    // From its end: siblings' parents mostly differ there.
    for (let index = length - 1; index >= 0; index--) if (own[index] !== bytes[start + index]) return false
    return true
  }

  #insert(stored: StoredNode, slash: number, hash: number): void {
    const { table, nodes, blocks, links, stats } = this.#parts
    const { bytes, view, pathEnd } = stored
    const dataLength = Math.max(0, stored.dataLength)
    const nameLength = pathEnd - slash - 1
    const node = nodes.allocate()
    const slab = nodes.slab(node)
    const at = nodes.at(node)
    const block = blocks.allocate(BLOCK_HEAD_BYTES + nameLength + dataLength, node)
    const to = blocks.bytes(block)
    const start = blocks.start(block)
    copyBytes(bytes, slash + 1, to, start, nameLength)
    copyWords(bytes, view, stored.dataStart, to, blocks.words(block), start + nameLength, dataLength)
    slab[at + Field.hash] = hash
    slab[at + Field.parent] = this.#parent
    slab[at + Field.next] = NONE
    slab[at + Field.previous] = NONE
    slab[at + Field.block] = block
    slab[at + Field.lengths] = packLengths(block, nameLength, stored.dataLength, this.#isCounted)
    slab[at + Field.digest] = 0
    const pathCrc = this.#isCounted ? crc32OfView(view, slash, pathEnd, this.#parentCrc) : 0
    slab[at + Field.pathCrc] = pathCrc
    readStoredStat(stored, this.#stat)
    stats.enter(node, this.#stat, table.acls.use(stored.aclKey).slot)
    if (this.#isCounted) this.#putDigest(node, pathCrc, stored)
    links.link(this.#parent, node)
    table.sizeUnits += pathEnd - stored.pathStart + dataLength
  }

  #putDigest(node: number, pathCrc: number, stored: StoredNode): void {
    const { hash, crcs } = this.#parts
    crcs.setDigest(node, digestOfStoredStat(crcOfStoredData(hash, pathCrc, stored), stored))
  }
}

/** The slash before the name; -1 if there is none, or the name is not ASCII. */
function nameSlash({ bytes, pathStart, pathEnd }: StoredNode): number {
  for (let index = pathEnd - 1; index >= pathStart; index--) {
    const byte = bytes[index] as number // in range
    if (byte === SLASH) return index
    if (byte > 0x7f) return -1
  }
  return -1
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if ((bytes[index] as number) > 0x7f) return false
  return true
}

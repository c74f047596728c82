import type { HashPort } from '../../ports.ts'
import { crc32OfText } from '../crc32.ts'
import { type DigestSum, isDigested, moveDigest, prefixCrc } from '../node-digest.ts'
import type { BlockArena } from './block-arena.ts'
import { type IntRecords, NONE } from './int-records.ts'
import { isKinRecord, Kin } from './kin-record.ts'
import { dataLengthOf, isDigestedNode, largeDataLengthOf, nameLengthOf } from './node-lengths.ts'
import { Field } from './node-record.ts'

/**
 * What nodes' digests are made of. The CRC over path and data is kept with nodes that have children: each child that comes
 * asks for it. That of a leaf is made when somebody asks, which is when its data are replaced, and else hardly ever.
 */
export class NodeCrcs {
  readonly sum: DigestSum = { hi: 0, lo: 0 }
  readonly #nodes: IntRecords
  readonly #kins: IntRecords
  readonly #blocks: BlockArena
  readonly #hash: HashPort
  readonly #isEnabled: boolean

  constructor(nodes: IntRecords, kins: IntRecords, blocks: BlockArena, hash: HashPort, isEnabled: boolean) {
    this.#nodes = nodes
    this.#kins = kins
    this.#blocks = blocks
    this.#hash = hash
    this.#isEnabled = isEnabled
  }

  /** Whether a node at that path counts. */
  isCounted(path: string): boolean {
    return this.#isEnabled && isDigested(path)
  }

  /** CRC-32 over the path (int32); 0 for the root and for what does not count. */
  pathCrc(node: number): number {
    return this.#nodes.get(node, Field.pathCrc)
  }

  /** The same of a child that is not there yet, and counts. */
  pathCrcBelow(parent: number, path: string): number {
    if (parent === NONE) return 0
    return crc32OfText(path, this.pathCrc(parent), path.lastIndexOf('/'))
  }

  /** CRC-32 over path and data (uint32); 0 for what does not count. */
  prefixCrc(node: number): number {
    const kin = this.#nodes.get(node, Field.kin)
    if (isKinRecord(kin)) return this.#kins.get(kin, Kin.prefixCrc) >>> 0
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    const lengths = slab[at + Field.lengths] as number
    if (!isDigestedNode(lengths)) return 0
    const crc = slab[at + Field.pathCrc] as number
    const block = slab[at + Field.block] as number
    const content = this.#blocks.contentBytes(block)
    const length = block >= 0 ? dataLengthOf(lengths) : largeDataLengthOf(lengths, content)
    if (length <= 0) return crc >>> 0
    const start = this.#blocks.start(block) + nameLengthOf(lengths, block)
    return prefixCrc(this.#hash, crc, this.#blocks.bytes(block).subarray(start, start + length))
  }

  /** The same if it need not be made, else -1. */
  keptPrefixCrc(node: number): number {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    const kin = slab[at + Field.kin] as number
    if (isKinRecord(kin)) return this.#kins.get(kin, Kin.prefixCrc) >>> 0
    return isDigestedNode(slab[at + Field.lengths] as number) ? -1 : 0
  }

  /** Puts a node's digest in the place of the one before. */
  setDigest(node: number, digest: number): void {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node) + Field.digest
    moveDigest(this.sum, slab[at] as number, digest)
    slab[at] = digest | 0
  }
}

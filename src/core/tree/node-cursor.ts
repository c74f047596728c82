import { JuteWriter } from 'jute-ts'
import { NO_NODE } from './data-tree.ts'
import type { ChangeObserver, NodeTable } from './node-table.ts'
import { SnapshotAbortedError, type SnapshotCursor, type SnapshotSession } from './snapshot.ts'

/** Path that ends a snapshot stream. */
const END_MARK = '/'
/** A side buffer that grew beyond this is given back once it is empty. */
const SIDE_BUFFER_KEPT_BYTES = 1 << 20

/**
 * Walks the handles from 0 to where they ended at the beginning, emitting what has not been emitted; parents first. A bit
 * per handle says what has: set too for handles that were free or are given to new nodes.
 */
export class NodeCursor implements SnapshotCursor, ChangeObserver {
  readonly zxidHi: number
  readonly zxidLo: number
  readonly digestHi: number
  readonly digestLo: number
  readonly nodeCount: number
  readonly #nodes: NodeTable
  readonly #handleLimit: number
  readonly #emitted: Uint8Array
  /** The head, and nodes that were about to be changed. */
  #side = new JuteWriter(4096)
  #sideTaken = 0
  #nextHandle = 0
  #state: 'open' | 'ended' | 'closed' | 'aborted' = 'open'

  constructor(nodes: NodeTable, zxidHi: number, zxidLo: number, sessions: Iterable<SnapshotSession>) {
    this.zxidHi = zxidHi
    this.zxidLo = zxidLo
    this.digestHi = nodes.digest.hi
    this.digestLo = nodes.digest.lo
    this.nodeCount = nodes.nodeCount
    this.#nodes = nodes
    this.#handleLimit = nodes.handleLimit
    this.#emitted = new Uint8Array((nodes.handleLimit + 7) >> 3)
    writeSessions(this.#side, sessions)
    nodes.acls.write(this.#side)
    nodes.observe(this)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get pendingBytes(): number {
    return this.#side.offset - this.#sideTaken
  }

  beforeChange(node: number): void {
    if (!this.#isEmitted(node)) this.#emit(node, this.#side)
  }

  created(node: number): void {
    if (node < this.#handleLimit) this.#markEmitted(node)
  }

  /** The tree is about to be emptied: nothing more can come, but an end that has been reached stays one. */
  abort(): void {
    if (this.#state !== 'open') return
    this.#finish('aborted')
  }

  next(writer: JuteWriter, bytesMax: number): boolean {
    if (this.#state === 'aborted') throw new SnapshotAbortedError('the tree was replaced while it was being written')
    if (this.#state !== 'open') return false
    const stop = writer.offset + bytesMax
    this.#drainSide(writer, bytesMax)
    while (this.#nextHandle < this.#handleLimit && writer.offset < stop) {
      const handle = this.#nextHandle++
      if (!this.#isEmitted(handle) && this.#nodes.isUsed(handle)) this.#emit(handle, writer)
    }
    if (this.pendingBytes > 0 || this.#nextHandle < this.#handleLimit) return true
    writer.writeString(END_MARK)
    this.#finish('ended')
    return false
  }

  close(): void {
    if (this.#state === 'open') this.#finish('closed')
  }

  #finish(state: 'ended' | 'closed' | 'aborted'): void {
    this.#state = state
    this.#side = new JuteWriter(0)
    this.#sideTaken = 0
    this.#nodes.unobserve(this)
  }

  #drainSide(writer: JuteWriter, bytesMax: number): void {
    const taken = Math.min(this.pendingBytes, bytesMax)
    writer.writeBytes(this.#side.buffer.subarray(this.#sideTaken, this.#sideTaken + taken))
    this.#sideTaken += taken
    if (this.pendingBytes > 0) return
    this.#sideTaken = 0
    if (this.#side.buffer.length > SIDE_BUFFER_KEPT_BYTES) this.#side = new JuteWriter(4096)
    else this.#side.reset()
  }

  /** Appends the ancestors that have not been emitted, from the top, and then the node. */
  #emit(node: number, writer: JuteWriter): void {
    const nodes = this.#nodes
    const above: number[] = []
    for (let at = nodes.parent(node); at !== NO_NODE && !this.#isEmitted(at); at = nodes.parent(at)) above.push(at)
    for (let one = above.pop(); one !== undefined; one = above.pop()) {
      this.#markEmitted(one)
      nodes.writeRecord(one, writer)
    }
    this.#markEmitted(node)
    nodes.writeRecord(node, writer)
  }

  #isEmitted(handle: number): boolean {
    if (handle >= this.#handleLimit) return true
    return ((this.#emitted[handle >> 3] as number) & (1 << (handle & 7))) !== 0 // in range: below the limit
  }

  #markEmitted(handle: number): void {
    this.#emitted[handle >> 3] = (this.#emitted[handle >> 3] as number) | (1 << (handle & 7)) // in range: below the limit
  }
}

function writeSessions(writer: JuteWriter, sessions: Iterable<SnapshotSession>): void {
  const countOffset = writer.claim(4)
  let count = 0
  for (const { idHi, idLo, timeoutMs } of sessions) {
    writer.writeInt64(idHi, idLo)
    writer.writeInt(timeoutMs)
    count++
  }
  const end = writer.offset
  writer.offset = countOffset
  writer.writeInt(count)
  writer.offset = end
}

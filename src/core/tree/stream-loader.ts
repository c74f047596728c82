import { JuteError, JuteReader } from 'jute-ts'
import { type ACL, decodeACL, STAT_PERSISTED_SIZE_BYTES } from '../../protocol/generated/data.ts'
import { toNumber } from '../../protocol/int64.ts'
import { SnapshotFormatError, type SnapshotLoader, type SnapshotSession } from './snapshot.ts'
import { StoredNode } from './stored-node.ts'

/** Where a loader puts what it reads, in this order: all ACL lists, then nodes, parents first, then `loaded` or `failed`. */
export interface LoadTarget {
  loadAcl(key: number, list: readonly ACL[]): void
  /**
   * @param node the caller's, for this call
   * @throws SnapshotFormatError if the node cannot be where it is
   */
  loadNode(node: StoredNode): void
  loaded(): void
  /** What has been put there is worth nothing. */
  failed(): void
}

/** No text in V8 is longer than this, nor is any node's data. */
const LENGTH_MAX = 0x1fffffe8
const SLASH = 0x2f
const SESSION_SIZE_BYTES = 12
const ACL_SIZE_BYTES_MIN = 12
/** A path alone; every node is longer. */
const END_MARK_SIZE_BYTES = 5

type Part = 'sessionCount' | 'sessions' | 'aclCount' | 'acls' | 'nodes' | 'done' | 'failed'

/**
 * Reads a snapshot stream item by item (a count, a session, a list, a node) as soon as the item is whole; the bytes of one
 * that is not yet are kept until then.
 */
export class StreamLoader implements SnapshotLoader {
  readonly sessions: SnapshotSession[] = []
  readonly #target: LoadTarget
  readonly #reader = new JuteReader(undefined, LENGTH_MAX)
  readonly #node = new StoredNode()
  #part: Part = 'sessionCount'
  #itemsLeft = 0
  /** Bytes of an item that is not whole. */
  #kept: Buffer = Buffer.alloc(0)
  #keptLength = 0
  /** Bytes that the next item is known to need at least. */
  #needed = 0

  constructor(target: LoadTarget) {
    this.#target = target
  }

  get done(): boolean {
    return this.#part === 'done'
  }

  push(chunk: Uint8Array): number {
    if (this.done) return 0
    if (this.#part === 'failed') throw new SnapshotFormatError('a snapshot goes on after it was refused')
    const input = this.#withKept(chunk)
    const start = this.#keptLength
    this.#keptLength = 0
    let taken = 0
    try {
      taken = this.#takeItems(input)
    } catch (error) {
      this.#part = 'failed'
      this.#target.failed()
      if (error instanceof JuteError) throw new SnapshotFormatError(`a snapshot: ${error.message}`, { cause: error })
      throw error
    }
    if (this.done) {
      this.#kept = Buffer.alloc(0)
      return taken - start
    }
    this.#keep(input.subarray(taken))
    return chunk.length
  }

  /** The bytes kept with the chunk behind them; the chunk itself if there are none. */
  #withKept(chunk: Uint8Array): Buffer {
    if (this.#keptLength === 0) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const length = this.#keptLength + chunk.length
    if (length > this.#kept.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * this.#kept.length, this.#needed)))
      this.#kept.copy(grown, 0, 0, this.#keptLength)
      this.#kept = grown
    }
    this.#kept.set(chunk, this.#keptLength)
    return this.#kept.subarray(0, length)
  }

  #keep(rest: Buffer): void {
    const isInPlace = rest.buffer === this.#kept.buffer && rest.byteOffset === this.#kept.byteOffset
    if (isInPlace) {
      this.#keptLength = rest.length
      return
    }
    if (rest.length > this.#kept.length) this.#kept = Buffer.allocUnsafeSlow(rest.length)
    rest.copy(this.#kept, 0)
    this.#keptLength = rest.length
  }

  /** @returns the offset of the first byte that is not of a whole item */
  #takeItems(input: Buffer): number {
    let offset = 0
    this.#node.reset(input)
    while (!this.done && input.length - offset >= this.#needed) {
      const size = this.#itemSize(input, offset)
      this.#needed = size
      if (size > input.length - offset) break
      if (this.#part === 'nodes') this.#takeNode(offset, size)
      else this.#takeItem(input, offset, size)
      this.#needed = 0
      offset += size
    }
    return offset
  }

  /** Size of the item at `offset`: exact if it fits in what is there, else at least one byte more than that. */
  #itemSize(input: Buffer, offset: number): number {
    switch (this.#part) {
      case 'sessionCount':
      case 'aclCount':
        return 4
      case 'sessions':
        return SESSION_SIZE_BYTES
      case 'acls':
        return aclItemSize(input, offset)
      default:
        return nodeItemSize(input, offset)
    }
  }

  #takeItem(input: Buffer, offset: number, size: number): void {
    this.#reader.reset(input, offset, offset + size)
    switch (this.#part) {
      case 'sessionCount':
        this.#enter('sessions', this.#readCount())
        break
      case 'sessions':
        this.sessions.push(readSession(this.#reader))
        this.#enter('sessions', this.#itemsLeft - 1)
        break
      case 'aclCount':
        this.#enter('acls', this.#readCount())
        break
      case 'acls':
        this.#target.loadAcl(readKey(this.#reader), readAcl(this.#reader))
        this.#enter('acls', this.#itemsLeft - 1)
        break
    }
  }

  /** Goes on with `part`, or with what follows it if nothing of it is left. */
  #enter(part: 'sessions' | 'acls', itemsLeft: number): void {
    this.#itemsLeft = itemsLeft
    if (itemsLeft > 0) this.#part = part
    else this.#part = part === 'sessions' ? 'aclCount' : 'nodes'
  }

  #readCount(): number {
    return Math.max(0, this.#reader.readInt())
  }

  /** @param size of a whole node, as `nodeItemSize` has it: all of its lengths are good */
  #takeNode(offset: number, size: number): void {
    const node = this.#node
    const { view } = node
    if (size === END_MARK_SIZE_BYTES) {
      this.#part = 'done'
      this.#target.loaded()
      return
    }
    const pathLength = view.getInt32(offset)
    if (pathLength < 0) throw new SnapshotFormatError('a snapshot has a node without a path')
    node.pathStart = offset + 4
    node.pathEnd = node.pathStart + pathLength
    node.dataLength = view.getInt32(node.pathEnd)
    node.dataStart = node.pathEnd + 4
    node.statStart = offset + size - STAT_PERSISTED_SIZE_BYTES
    node.aclKey = safeKey(view.getInt32(node.statStart - 8), view.getInt32(node.statStart - 4))
    this.#target.loadNode(node)
  }
}

function readSession(reader: JuteReader): SnapshotSession {
  return { idHi: reader.readInt(), idLo: reader.readInt(), timeoutMs: reader.readInt() }
}

function readKey(reader: JuteReader): number {
  return safeKey(reader.readInt(), reader.readInt())
}

function safeKey(hi: number, lo: number): number {
  const key = toNumber(hi, lo)
  if (!Number.isSafeInteger(key)) throw new SnapshotFormatError(`a snapshot has the ACL key ${key}`)
  return key
}

function readAcl(reader: JuteReader): ACL[] {
  const count = reader.readVectorLength('acls', ACL_SIZE_BYTES_MIN)
  const list: ACL[] = []
  for (let index = 0; index < count; index++) list.push(decodeACL(reader))
  return list
}

/** Key, and a list whose entries have two texts each. */
function aclItemSize(input: Buffer, offset: number): number {
  let at = offset + 8
  if (at + 4 > input.length) return 12
  let textsLeft = 2 * Math.max(0, input.readInt32BE(at))
  for (at += 4; textsLeft > 0; textsLeft--) {
    if (textsLeft % 2 === 0) at += 4 // perms
    if (at + 4 > input.length) return at + 4 - offset
    at += 4 + lengthAt(input, at)
  }
  return at - offset
}

/** Path, data, ACL key and stat; or the end mark, a path alone. */
function nodeItemSize(input: Buffer, offset: number): number {
  const left = input.length - offset
  if (left < 4) return 4
  const pathLength = lengthAt(input, offset)
  if (pathLength === 1) {
    if (left < END_MARK_SIZE_BYTES) return END_MARK_SIZE_BYTES
    if (input[offset + 4] === SLASH) return END_MARK_SIZE_BYTES
  }
  const dataOffset = offset + 4 + pathLength
  if (dataOffset + 4 > input.length) return 4 + pathLength + 4
  return 4 + pathLength + 4 + lengthAt(input, dataOffset) + 8 + STAT_PERSISTED_SIZE_BYTES
}

/** Length of a text or buffer; 0 for null. */
function lengthAt(input: Buffer, offset: number): number {
  const length = input.readInt32BE(offset)
  if (length === -1) return 0
  if (length < 0 || length > LENGTH_MAX) throw new SnapshotFormatError(`a snapshot has a length of ${length}`)
  return length
}

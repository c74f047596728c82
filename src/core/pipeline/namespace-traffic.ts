import { STAT_SIZE_BYTES } from '../../protocol/generated/data.ts'
import { topNamespace } from '../../protocol/path.ts'
import type { TxnBody } from '../../protocol/txn.ts'
import { type LabelledSet, Summary } from '../instruments.ts'
import type { Metrics } from '../metrics.ts'

const SLOT_COUNT = 64
const SLASH = 0x2f
const NO_PATH = Uint8Array.of(0)
const ASCII = /^[\x20-\x7e]*$/

/**
 * Bytes read and written by namespace, the first name of a path (`read_per_namespace`, `write_per_namespace`): length of
 * the path, data, and for a read a Stat. Paths of the root alone have no namespace.
 */
export class NamespaceTraffic {
  readonly #reads: NamespaceSummaries
  readonly #writes: NamespaceSummaries

  constructor(metrics: Metrics) {
    this.#reads = new NamespaceSummaries(metrics.readPerNamespace)
    this.#writes = new NamespaceSummaries(metrics.writePerNamespace)
  }

  /** @param bytes of data, or of the names of children */
  read(path: string, bytes: number): void {
    this.#reads.of(path)?.add(path.length + bytes + STAT_SIZE_BYTES)
  }

  /**
   * The same for a path that a request's bytes have from `start` to `end`, if it is of the namespace that was read last.
   * @returns false if it is not, and nothing has been counted
   */
  readInPlace(buffer: Buffer, start: number, end: number, bytes: number): boolean {
    const summary = this.#reads.ifLast(buffer, start, end)
    summary?.add(utf16Length(buffer, start, end) + bytes + STAT_SIZE_BYTES)
    return summary !== null
  }

  /** What a transaction that was applied has written. */
  written(body: TxnBody): void {
    switch (body.kind) {
      case 'create':
      case 'setData':
        return this.#wrote(body.path, body.data === null ? 0 : body.data.length)
      case 'delete':
        return this.#wrote(body.path, 0)
      case 'closeSession':
        for (const path of body.paths ?? []) this.#wrote(path, 0)
        return
      case 'multi':
        for (const operation of body.operations) this.written(operation)
        return
      default:
    }
  }

  #wrote(path: string, bytes: number): void {
    this.#writes.of(path)?.add(path.length + bytes)
  }
}

/** What is known of one namespace. */
interface Namespace {
  /** Its name with a slash before it. */
  readonly prefix: string
  /** The same as bytes of a request; if it is not ASCII, bytes that no path begins with. */
  readonly bytes: Uint8Array
  readonly summary: Summary
}

/**
 * Finds a namespace's summary without making a string of the namespace.
 * perf: a slice and a Map cost a pipelined getData 5 %. Most requests are about the same namespace as the one before,
 * which their bytes tell; most others find theirs in its slot.
 */
class NamespaceSummaries {
  readonly #set: LabelledSet<Summary>
  readonly #slots: Namespace[]
  #last: Namespace

  constructor(set: LabelledSet<Summary>) {
    this.#set = set
    this.#last = { prefix: '', bytes: NO_PATH, summary: new Summary('none') }
    this.#slots = new Array(SLOT_COUNT).fill(this.#last)
  }

  /** The summary that was found last, if a path whose bytes the buffer has belongs to it; else null. */
  ifLast(buffer: Buffer, start: number, end: number): Summary | null {
    const { bytes, summary } = this.#last
    const { length } = bytes
    if (end - start < length) return null
    for (let at = 0; at < length; at++) if (buffer[start + at] !== bytes[at]) return null
    return end - start === length || buffer[start + length] === SLASH ? summary : null
  }

  of(path: string): Summary | null {
    let hash = 0
    let end = 1
    for (; end < path.length; end++) {
      const unit = path.charCodeAt(end)
      if (unit === SLASH) break
      hash = (hash * 31 + unit) | 0
    }
    const slot = hash & (SLOT_COUNT - 1)
    let found = this.#slots[slot] as Namespace
    if (found.prefix.length !== end || !path.startsWith(found.prefix)) {
      const name = topNamespace(path)
      if (name === null) return null
      found = this.#make(name)
      this.#slots[slot] = found
    }
    this.#last = found
    return found.summary
  }

  #make(name: string): Namespace {
    const prefix = `/${name}`
    const bytes = ASCII.test(name) ? Buffer.from(prefix, 'latin1') : NO_PATH
    return { prefix, bytes, summary: this.#set.of(name) }
  }
}

/** Length of UTF-8 as text: bytes that begin a character, and one more for what takes four of them. */
function utf16Length(buffer: Buffer, start: number, end: number): number {
  let length = 0
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number // in range
    if ((byte & 0xc0) !== 0x80) length += byte >= 0xf0 ? 2 : 1
  }
  return length
}

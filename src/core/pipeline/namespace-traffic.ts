import { STAT_SIZE_BYTES } from '../../protocol/generated/data.ts'
import { topNamespace } from '../../protocol/path.ts'
import type { TxnBody } from '../../protocol/txn.ts'
import type { LabelledSet, Summary } from '../instruments.ts'
import type { Metrics } from '../metrics.ts'

const SLOT_COUNT = 64
const SLASH = 0x2f

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

/**
 * Finds a namespace's summary without making a string of the namespace.
 * perf: a slice and a Map cost a pipelined getData 3 %. Most requests are about the same namespace as the one before;
 * most others find theirs in its slot.
 */
class NamespaceSummaries {
  readonly #set: LabelledSet<Summary>
  #lastPrefix = '/'
  #lastSummary: Summary | null = null
  /** By hash: the namespace with a slash before it, and its summary. */
  readonly #prefixes: string[] = new Array(SLOT_COUNT).fill('')
  readonly #summaries: (Summary | null)[] = new Array(SLOT_COUNT).fill(null)

  constructor(set: LabelledSet<Summary>) {
    this.#set = set
  }

  of(path: string): Summary | null {
    const prefix = this.#lastPrefix
    if (path.startsWith(prefix)) {
      const end = prefix.length
      if (path.length === end || path.charCodeAt(end) === SLASH) return this.#lastSummary
    }
    return this.#inSlot(path)
  }

  #inSlot(path: string): Summary | null {
    let hash = 0
    let end = 1
    for (; end < path.length; end++) {
      const unit = path.charCodeAt(end)
      if (unit === SLASH) break
      hash = (hash * 31 + unit) | 0
    }
    const slot = hash & (SLOT_COUNT - 1)
    const prefix = this.#prefixes[slot] as string
    if (prefix.length !== end || !path.startsWith(prefix)) {
      const namespace = topNamespace(path)
      if (namespace === null) return null
      this.#prefixes[slot] = `/${namespace}`
      this.#summaries[slot] = this.#set.of(namespace)
    }
    this.#lastPrefix = this.#prefixes[slot] as string
    this.#lastSummary = this.#summaries[slot] as Summary | null
    return this.#lastSummary
  }
}
